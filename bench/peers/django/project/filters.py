"""The bundled filters, and what the models have columns for besides."""

from django_scim.filters import GroupFilterQuery, UserFilterQuery


class UserFilter(UserFilterQuery):
    attr_map = {
        **UserFilterQuery.attr_map,
        ("externalId", None, None): "scim_external_id",
        ("emails", None, None): "email",
        ("emails", "value", None): "email",
    }


class GroupFilter(GroupFilterQuery):
    attr_map = {
        **GroupFilterQuery.attr_map,
        ("displayName", None, None): "name",
        ("externalId", None, None): "scim_external_id",
    }
