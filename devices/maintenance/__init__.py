"""Maintenance supervision (维保监管): item lists, due dates, visits, records, inspections, duties.

Pure rules: each takes the instant or the local day, and answers what holds with its reasons.
"""
