// Package openapi reads the OpenAPI document of the Platform API subset, where there is one.
// It returns an option that has every request to a simulated EX Org, and every answer of it, judged by that document.
// It never changes a request or an answer, and is apart from exorgtest so that programs which only run the organisation do not carry it.
package openapi
