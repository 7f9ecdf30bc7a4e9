import uuid

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower


class Customer(models.Model):
    name = models.CharField(max_length=80, db_index=True)
    email = models.EmailField(unique=True)
    key = models.UUIDField(default=uuid.uuid4)
    tags = ArrayField(models.CharField(max_length=20), default=list)
    extra = models.JSONField(default=dict)
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [GinIndex(fields=["tags"], name="customer_tags"), models.Index(Lower("name"), name="customer_lower")]

    def __str__(self):
        return self.name


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    placed = models.DateTimeField()
    total = models.DecimalField(max_digits=10, decimal_places=2)
    valid = DateTimeRangeField(null=True)
    note = models.TextField(blank=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-placed"]
        constraints = [models.CheckConstraint(condition=models.Q(total__gte=0), name="total_not_negative"),
                       models.UniqueConstraint(fields=["customer", "placed"], name="one_at_a_time"),
                       models.UniqueConstraint(fields=["note"], condition=~models.Q(note=""), name="note_once")]
