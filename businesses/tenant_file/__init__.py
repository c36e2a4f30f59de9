"""The tenant file: one business as YAML or JSON, read into the database and written back out.

`parsing` turns bytes into plain values, `draft` and `file_hours` check what each key means, `import_file` writes the
database, `export_file` writes the file. Nothing here knows bookings or sends mail: an import returns whom to invite.
"""

from businesses.tenant_file.export_file import export_business
from businesses.tenant_file.import_file import Imported, import_business
from businesses.tenant_file.parsing import MAX_BYTES
from businesses.tenant_file.problems import ChangedMeanwhile, TenantFileRefused

__all__ = ["MAX_BYTES", "ChangedMeanwhile", "Imported", "TenantFileRefused", "export_business", "import_business"]
