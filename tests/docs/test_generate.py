"""The reference documentation is what the tables in the code say."""

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def generate():
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["configuration.md", "apis.md"])
def test_the_committed_page_is_what_the_tables_give(generate, name):
    """Whoever changes a table runs ``make docs``."""
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == generate.pages()[name]


def test_every_public_configuration_is_on_the_page(generate):
    """Nothing is left out but internal configurations."""
    page = generate.configuration_page()
    from pykbroker.config.tables import CONFIGS_BY_RESOURCE

    for table in CONFIGS_BY_RESOURCE.values():
        for name, definition in table.items():
            assert definition.is_internal or f"| `{name}` |" in page
