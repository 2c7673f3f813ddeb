// Package widgettest gives the views of tenants that tests of the dashboard show.
//
// It reads nothing, returns the same views every time, and never tells of a real tenant.
package widgettest
