"""A machine made of paper: libumockdev by ctypes, for programs that run under ``umockdev-wrapper``."""

import ctypes
import os
from pathlib import Path


class Bed:
    """Devices that the real libudev sees, and whose events its monitors hear."""

    def __init__(self) -> None:
        if "umockdev" not in os.environ.get("LD_PRELOAD", ""):
            raise RuntimeError("run this under umockdev-wrapper: otherwise the real devices would be seen")
        self._lib = ctypes.CDLL("libumockdev.so.0")
        self._lib.umockdev_testbed_new.restype = ctypes.c_void_p
        self._lib.umockdev_testbed_get_root_dir.restype = ctypes.c_char_p
        self._lib.umockdev_testbed_add_devicev.restype = ctypes.c_void_p
        self._bed = ctypes.c_void_p(self._lib.umockdev_testbed_new())
        self.root = Path(self._lib.umockdev_testbed_get_root_dir(self._bed).decode())

    def add(
        self,
        subsystem: str,
        name: str,
        attributes: dict[str, str],
        properties: dict[str, str] | None = None,
        parent: str | None = None,
    ) -> str:
        """Plug in a device, with its uevent ``add``. Returns its path in sysfs."""
        found = self._lib.umockdev_testbed_add_devicev(
            self._bed,
            subsystem.encode(),
            name.encode(),
            parent.encode() if parent else None,
            _pairs(attributes),
            _pairs(properties or {}),
        )
        return ctypes.string_at(found).decode()

    def change(self, path: str, **attributes: str) -> None:
        """Change attributes, then tell by a uevent ``change``."""
        for name, value in attributes.items():
            self._lib.umockdev_testbed_set_attribute(self._bed, path.encode(), name.encode(), value.encode())
        self._lib.umockdev_testbed_uevent(self._bed, path.encode(), b"change")

    def remove(self, path: str) -> None:
        """Pull a device out, with its uevent ``remove``."""
        self._lib.umockdev_testbed_uevent(self._bed, path.encode(), b"remove")
        self._lib.umockdev_testbed_remove_device(self._bed, path.encode())

    def connector(self, name: str, status: str, card: str = "card0") -> str:
        """A connector of a graphics card."""
        return self.add(
            "drm", f"{card}-{name}", {"status": f"{status}\n"}, {"DEVTYPE": "drm_connector", "HOTPLUG": "1"}
        )

    def usb(self, name: str, vendor: str, product: str) -> str:
        """A USB device, numbers in hexadecimal."""
        return self.add("usb", name, {"idVendor": vendor, "idProduct": product}, {"DEVTYPE": "usb_device"})


def _pairs(values: dict[str, str]) -> ctypes.Array[ctypes.c_char_p]:
    flat = [text.encode() for pair in values.items() for text in pair]
    return (ctypes.c_char_p * (len(flat) + 1))(*flat, None)
