"""Receives what stations report."""
