package widget

// Documentation is what the widget answers to {"describe":true}: CloudWatch shows it beside the widget's parameters, as
// Markdown.
func Documentation() string {
	return `## EXCS: how the tenant stands

Shows whether all is well, the objects of each kind, what is held, in quarantine, rejected or paused, and the last run. It reads the mapping table and the depths of the two queues; it changes nothing.

### Parameters

| name | meaning | default |
|---|---|---|
| ` + "`staleMinutes`" + ` | from which age on the last run is too old; about three periods of the schedule | 15 |

### Example

` + "```yaml\nstaleMinutes: 15\n```" + `

### Buttons

**Explain**, **Plan**, **List all** and **Dry run** only tell. **Replay**, **Release** and **Approve** ask first, and then do it.
They call the functions ` + "`sync` and `replay`" + ` with the permissions of whoever clicks: to see the widget one needs
` + "`lambda:InvokeFunction`" + ` on this function, to use a button also on the function behind it.
`
}
