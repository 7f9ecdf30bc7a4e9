from django.contrib import admin

from .models import Customer, Order


class Orders(admin.TabularInline):
    model = Order
    extra = 0


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "active"]
    list_filter = ["active"]
    search_fields = ["name", "email"]
    inlines = [Orders]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    date_hierarchy = "placed"
    list_select_related = ["customer"]
