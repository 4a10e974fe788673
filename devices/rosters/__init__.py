"""Duty rosters of rescue stations, firms and their teams; the rule is devices.roster."""
