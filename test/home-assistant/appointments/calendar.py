"""The calendar of the integration."""
from datetime import timedelta

from homeassistant.components.calendar import CalendarEntity, CalendarEvent


async def async_setup_platform(hass, config, async_add_entities, discovery_info=None):
    async_add_entities([Appointments()])


class Appointments(CalendarEntity):
    _attr_name = "Appointments"

    @property
    def event(self):
        return None

    async def async_get_events(self, hass, start_date, end_date):
        start = start_date + timedelta(seconds=2)
        return [CalendarEvent(start=start, end=start + timedelta(hours=1), summary="Drive to the Office")]
