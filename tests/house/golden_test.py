#!/usr/bin/python3
"""The contract of each element, as GObject tells it, against tests/house/golden/ELEMENT.txt.

Only what is our own: properties, pads and signals of base classes change with GStreamer's versions.
`./dev golden` writes the files anew.
"""
import os
import pathlib
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.tap import Tap  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
UPDATE = "--update" in sys.argv


def plain(value):
    if isinstance(value, Gst.Structure):
        return value.to_string()
    if isinstance(value, GObject.GEnum):
        return value.value_nick
    return repr(value) if isinstance(value, str) else str(value)


def describe_property(element, spec):
    flags = [name for name, flag in (("read", GObject.ParamFlags.READABLE), ("write", GObject.ParamFlags.WRITABLE)) if spec.flags & flag]
    mutable = [name for name, flag in (("ready", Gst.PARAM_MUTABLE_READY), ("paused", Gst.PARAM_MUTABLE_PAUSED),
                                       ("playing", Gst.PARAM_MUTABLE_PLAYING)) if int(spec.flags) & int(flag)]
    bounds = f" {spec.minimum}..{spec.maximum}" if hasattr(spec, "minimum") and "G" + spec.value_type.name not in ("Ggchararray",) else ""
    default = ""
    if spec.flags & GObject.ParamFlags.WRITABLE and hasattr(spec, "default_value"):
        default = f" default={plain(spec.default_value)}"
    if isinstance(spec.value_type.pytype, type) and issubclass(spec.value_type.pytype or object, GObject.GEnum):
        values = spec.value_type.pytype.__enum_values__.values()
        bounds = " {" + ", ".join(value.value_nick for value in values) + "}"
    changes = f" changeable-in={'/'.join(mutable)}" if mutable else ""
    return f"property {spec.name}: {spec.value_type.name}{bounds}{default} [{'+'.join(flags)}]{changes}\n    {spec.blurb}"


def describe_signal(type_, identifier):
    query = GObject.signal_query(identifier)
    action = "action" if query.signal_flags & GObject.SignalFlags.ACTION else "signal"
    parameters = ", ".join(parameter.name for parameter in query.param_types)
    return f"{action} {query.signal_name} ({parameters}) -> {query.return_type.name}"


def describe(factory):
    element = factory.create(None)
    type_ = element.__gtype__
    lines = [f"{factory.get_name()}: {factory.get_metadata('long-name')} [{factory.get_metadata('klass')}]",
             f"    {factory.get_metadata('description')}"]
    own = [type_]
    parent = type_.parent
    while parent and parent.name.lower().startswith(("gstreallive", "reallive")):
        own.append(parent)
        parent = parent.parent
    for template in sorted(element.get_pad_template_list(), key=lambda template: template.name_template):
        lines.append(f"pad {template.name_template} [{template.direction.value_nick}, {template.presence.value_nick}]")
        caps = template.get_caps()
        lines += [f"    {structure.to_string()}" for structure in caps] if not caps.is_any() else ["    ANY"]
    for spec in sorted(element.list_properties(), key=lambda spec: spec.name):
        if spec.owner_type in own:
            lines.append(describe_property(element, spec))
    signals = [describe_signal(owner, identifier) for owner in own for identifier in GObject.signal_list_ids(owner)]
    return "\n".join(lines + sorted(signals)) + "\n"


def ours():
    build = os.environ.get("GST_PLUGIN_PATH_1_0") or os.environ.get("GST_PLUGIN_PATH", "").split(":")[0]
    registry = Gst.Registry.get()
    factories = []
    for plugin in registry.get_plugin_list():
        if plugin.get_filename() and plugin.get_filename().startswith(build + "/"):
            factories += [feature for feature in registry.get_feature_list_by_plugin(plugin.get_name())
                          if isinstance(feature, Gst.ElementFactory)]
    return sorted((Gst.ElementFactory.find(factory.get_name()) for factory in factories), key=lambda factory: factory.get_name())


def matches(factory):
    def body():
        path = GOLDEN / f"{factory.get_name()}.txt"
        now = describe(factory)
        assert path.exists(), f"{path} is missing: run ./dev golden and read what it wrote"
        assert path.read_text() == now, f"{path} differs; if the change is wanted, run ./dev golden. Now:\n{now}"
    return body


def main():
    Gst.init(None)
    factories = ours()
    if UPDATE:
        GOLDEN.mkdir(exist_ok=True)
        for path in GOLDEN.glob("*.txt"):
            path.unlink()
        for factory in factories:
            (GOLDEN / f"{factory.get_name()}.txt").write_text(describe(factory))
        print(f"wrote {len(factories)} files to {GOLDEN}")
        return 0
    tap = Tap()
    for factory in factories:
        tap.case(factory.get_name(), matches(factory))

    def every_file_has_an_element():
        names = {factory.get_name() for factory in factories}
        stale = [path.name for path in GOLDEN.glob("*.txt") if path.stem not in names]
        assert not stale, stale
    tap.case("every golden file has its element", every_file_has_an_element)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
