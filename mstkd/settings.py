"""The base of all typed settings: unknown names are refused, values are checked, nothing changes."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A group of settings of a configuration file or a request; those without a default must be given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
