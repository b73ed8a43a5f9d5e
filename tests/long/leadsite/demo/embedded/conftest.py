from tests.leadsite.demo.embedded.conftest import data_dir

__all__ = ["data_dir"]
