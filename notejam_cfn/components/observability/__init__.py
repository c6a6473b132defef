"""CloudWatch: log groups, alarms and their topic, the dashboard and saved queries."""
