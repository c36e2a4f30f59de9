"""The catalogue of mutations fits the code it is to break."""

import shutil
from pathlib import Path

import pytest

from rhivo.testing.mutants import Change, Mutant, OutOfDate, mutants
from rhivo.testing.mutants.__main__ import main

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutation_still_applies_and_names_tests_that_exist(mutant: Mutant, tmp_path: Path) -> None:
    files = {change.file for change in mutant.changes}
    for name in files | {"rhivo/db/promises.py"}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / name)
    mutant.apply(tmp_path)
    assert all((tmp_path / name).read_text() != (CHECKOUT / name).read_text() for name in files)
    for test in mutant.tests:
        assert (CHECKOUT / test.partition("::")[0]).is_file(), test


def test_names_are_unique_and_told_in_the_docs() -> None:
    names = [mutant.name for mutant in mutants()]
    assert len(names) == len(set(names))
    told = (CHECKOUT / "docs" / "testing.md").read_text()
    assert [name for name in names if name not in told] == []


def test_a_mutation_of_text_that_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("new text")
    with pytest.raises(OutOfDate, match=r"the lock: code\.py has the text to be changed 0 times"):
        Mutant("the lock", [Change("code.py", "old text", "")], []).apply(tmp_path)


def test_words_that_no_mutant_has_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-mutant"]) == 2
    assert "--list" in capsys.readouterr().err
