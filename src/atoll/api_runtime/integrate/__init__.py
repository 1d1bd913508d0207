"""Calling what stands behind routes: functions, HTTP services, AWS's services. The steps of the data plane with I/O."""
