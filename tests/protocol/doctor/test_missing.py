from __future__ import annotations

import pytest

from aqa_bench.core.errors import UsageError
from aqa_bench.protocol.doctor.missing import missing_package


def caught(code: str) -> BaseException:
    with pytest.raises(ImportError) as found:
        exec(code, {})
    return found.value


def test_a_missing_package_is_named_however_deep_the_error_lies() -> None:
    error = caught("import absent_package.part.of_it")
    assert missing_package(error) == "absent_package"
    wrapped = UsageError("It needs packages that are not installed.")
    wrapped.__cause__ = error
    assert missing_package(wrapped) == "absent_package"
    hidden = RuntimeError("while handling")
    hidden.__context__ = wrapped
    assert missing_package(hidden) == "absent_package"


def test_our_own_code_and_other_failures_are_no_missing_packages() -> None:
    assert missing_package(caught("import aqa_bench.absent")) is None
    assert missing_package(caught("from json import absent")) is None
    assert missing_package(ValueError("bad")) is None
    silenced = ValueError("bad")
    silenced.__context__, silenced.__suppress_context__ = caught("import absent_package"), True
    assert missing_package(silenced) is None
