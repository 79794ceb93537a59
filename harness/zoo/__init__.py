"""Example models and data sets, and the registries in which users put their own."""
