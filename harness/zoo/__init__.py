"""The digits: data and two small models that come with the package, for a first suite, the doctor and calibration."""
