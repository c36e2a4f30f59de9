"""The tenant file: one business as YAML or JSON, read into the database and written back out.

`parsing` knows the notation, `reading` and `hours` what each key means, `importing` the database; `exporting` is the
way back. Knows nothing of bookings, and of mail only whom an invitation is due to.
"""

from businesses.tenant_file.export_file import export_business
from businesses.tenant_file.import_file import Imported, import_business
from businesses.tenant_file.parsing import MAX_BYTES
from businesses.tenant_file.problems import ChangedMeanwhile, TenantFileRefused

__all__ = ["MAX_BYTES", "ChangedMeanwhile", "Imported", "TenantFileRefused", "export_business", "import_business"]
