from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models.functions import Upper
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    name = models.CharField(max_length=254, unique=True)

    def save(self, *args, **kwargs):
        # The mixin saves twice.
        with transaction.atomic():
            super().save(*args, **kwargs)


class User(AbstractSCIMUserMixin, AbstractUser):
    scim_groups = models.ManyToManyField(Group, related_name="user_set")

    class Meta:
        # As the filters of django_scim ask: UPPER(username) = UPPER(...).
        constraints = [models.UniqueConstraint(Upper("username"), name="user_name_of_any_case")]
        indexes = [models.Index(fields=["email"])]

    def save(self, *args, **kwargs):
        # The mixin saves twice.
        with transaction.atomic():
            super().save(*args, **kwargs)
