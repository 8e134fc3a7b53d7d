"""The vehicle library as it is installed: imported once, features looked up and never assumed."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import inspect
import sys
from typing import Any

from .regions import brand_numbers, region_numbers

PACKAGE = "hyundai_kia_connect_api"
#: Up to 3.11 only a release of 2026-08 runs, with which nobody can sign in to Europe any more.
SUPPORTED_PYTHON = (3, 12)


@dataclasses.dataclass(frozen=True)
class Library:
    """Modules are untyped on purpose: any release may be installed."""

    version: str
    const: Any
    exceptions: Any
    manager: Any
    token: Any
    vehicle: Any
    otp_request: Any
    #: The module with the base of all clouds and the options of commands.
    api: Any
    regions: dict[str, int]
    brands: dict[str, int]

    @property
    def label(self) -> str:
        return f"{PACKAGE} {self.version}"


def load_library() -> Library:
    """Imports the library (about 0.3 s); raises whatever the import raises."""
    package = importlib.import_module(PACKAGE)
    const = importlib.import_module(f"{PACKAGE}.const")
    api = importlib.import_module(f"{PACKAGE}.ApiImpl")
    return Library(
        version=importlib.metadata.version(PACKAGE),
        const=const,
        exceptions=importlib.import_module(f"{PACKAGE}.exceptions"),
        manager=package.VehicleManager,
        token=package.Token,
        vehicle=package.Vehicle,
        otp_request=api.OTPRequest,
        api=api,
        regions=region_numbers(const),
        brands=brand_numbers(const),
    )


def python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


def is_supported() -> bool:
    return sys.version_info[:2] >= SUPPORTED_PYTHON


def features(library: Library) -> dict[str, Any]:
    """What the installed release can do, for the greeting."""
    return {
        "regions": library.regions,
        "brands": library.brands,
        "methods": sorted(
            name
            for name, _ in inspect.getmembers(library.manager, inspect.isfunction)
            if not name.startswith("_")
        ),
        "exceptions": sorted(
            name for name, _ in inspect.getmembers(library.exceptions, inspect.isclass)
        ),
        "options": option_fields(),
        "packages": package_versions(),
    }


def option_fields() -> dict[str, list[str]]:
    package = importlib.import_module(PACKAGE)
    return {
        name: [field.name for field in dataclasses.fields(option)]
        for name, option in inspect.getmembers(package, inspect.isclass)
        if name.endswith("Options") and dataclasses.is_dataclass(option)
    }


def package_versions() -> dict[str, str]:
    """The versions that the vendor calls really run on."""
    found = {}
    for name in ("requests", "urllib3", "certifi", "tzdata", "pycryptodome"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
