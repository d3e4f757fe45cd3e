"""Versioned objects as services declare them, and serializers for them."""

import datetime

import oslo_messaging as om
from oslo_context import context as oslo_context
from oslo_versionedobjects import base
from oslo_versionedobjects import fields

register = base.VersionedObjectRegistry.register


class TackerObject(base.VersionedObject):
    OBJ_SERIAL_NAMESPACE = 'tacker_object'
    OBJ_PROJECT_NAMESPACE = 'tacker'


class NovaObject(base.VersionedObject):
    OBJ_SERIAL_NAMESPACE = 'nova_object'
    OBJ_PROJECT_NAMESPACE = 'nova'


@register
class Part(TackerObject):
    VERSION = '1.1'
    fields = {'size': fields.NonNegativeIntegerField()}


@register
class Vnf(TackerObject, base.TimestampedObject):
    VERSION = '1.2'
    fields = {
        'id': fields.UUIDField(read_only=True),
        'name': fields.StringField(nullable=True),
        'status': fields.EnumField(['ACTIVE', 'ERROR'], default='ACTIVE'),
        'main': fields.ObjectField('Part', nullable=True),
        'parts': fields.ListOfObjectsField('Part'),
        'named_parts': fields.Field(fields.Dict(fields.Object('Part'))),
        'labels': fields.DictOfNullableStringsField(),
        'ports': fields.SetOfIntegersField(),
        'load': fields.FloatField(),
        'enabled': fields.BooleanField(),
        'extra': fields.Field(fields.FieldType()),
    }


@register
class Owned(TackerObject):
    """Holds objects for good."""

    VERSION = '1.0'
    fields = {
        'id': fields.UUIDField(read_only=True),
        'owner': fields.ObjectField('Part', read_only=True),
        'backup': fields.ObjectField('Part', nullable=True, read_only=True),
        'items': fields.Field(fields.List(fields.Object('Part')), read_only=True),
        'by_name': fields.Field(fields.Dict(fields.Object('Part')), read_only=True),
        'several': fields.Field(fields.Set(fields.Object('Part')), read_only=True),
        'nested': fields.Field(fields.Dict(fields.List(fields.Object('Part'))), read_only=True),
        'loose': fields.ListOfObjectsField('Part'),
    }


@register
class VnfList(base.ObjectListBase, TackerObject):
    VERSION = '1.0'
    fields = {'objects': fields.ListOfObjectsField('Vnf')}


@register
class Ahead(TackerObject):
    """Newer here than on the other side."""

    VERSION = '1.5'
    fields = {'name': fields.StringField()}


@register
class Behind(TackerObject):
    """Older here than on the other side."""

    VERSION = '1.0'
    fields = {'name': fields.StringField()}


@register
class OnlyInPython(TackerObject):
    VERSION = '1.0'


@register
class Flavor(NovaObject):
    VERSION = '1.3'
    fields = {
        'name': fields.StringField(),
        'memory_mb': fields.IntegerField(),
    }


@register
class Network(base.VersionedObject):
    """Neutron's objects keep oslo's own namespace."""

    VERSION = '1.1'
    fields = {
        'id': fields.UUIDField(),
        'mtu': fields.IntegerField(nullable=True),
    }


def build(name, fields, version=None, changes=None):
    made = base.VersionedObjectRegistry.obj_classes()[name][0](**fields)
    if version is not None:
        made.VERSION = version
    if changes is not None:
        made.obj_reset_changes()
        made._changed_fields = set(changes)
    return made


def describe(made):
    """What there is to know of an object; the parts are not described."""
    return {
        'name': made.obj_name(),
        'version': made.VERSION,
        'changes': sorted(made.obj_what_changed()),
        'fields': {name: getattr(made, name) for name in made.fields
                   if made.obj_attr_is_set(name)},
    }


class ContextSerializer(om.Serializer):
    """Contexts are those of oslo.context; entities the base's."""

    def __init__(self, base_serializer=None):
        self._base = base_serializer or om.NoOpSerializer()

    def serialize_entity(self, context, entity):
        return self._base.serialize_entity(context, entity)

    def deserialize_entity(self, context, entity):
        return self._base.deserialize_entity(context, entity)

    def serialize_context(self, context):
        if isinstance(context, dict):
            context = oslo_context.RequestContext(**context)
        return context.to_dict()

    def deserialize_context(self, context):
        return oslo_context.RequestContext.from_dict(context)


def _serializer_of(base_class):
    class Serializer(base.VersionedObjectSerializer):
        OBJ_BASE_CLASS = base_class
    return ContextSerializer(Serializer())


SERIALIZERS = {
    'context': ContextSerializer(),
    'tacker': _serializer_of(TackerObject),
    'nova': _serializer_of(NovaObject),
    'neutron': _serializer_of(base.VersionedObject),
}


class Objects:
    """What a server offers to those who send objects."""

    target = om.Target(version='1.0')

    def echo(self, ctxt, value):
        return value

    def saw(self, ctxt, value):
        """How Python took it."""
        # Here and not above: it knows how to write what this module has.
        import values
        return values.encode(value)

    def rename(self, ctxt, vnf, name):
        vnf.name = name
        return vnf

    def stamp(self, ctxt, vnf):
        vnf.created_at = datetime.datetime(2026, 11, 23, 21, 34, 12, 263210)
        return [vnf]

    def make(self, ctxt, name):
        return build(name, {})

    def make_ahead(self, ctxt, version):
        return build('Ahead', {'name': 'a'}, version=version)

    def context(self, ctxt):
        return {
            'class': type(ctxt).__name__,
            'dict': ctxt.to_dict(),
            'names': [ctxt.user_name, ctxt.project_name],
        }
