package main

import (
	"bytes"
	_ "embed" // the file of prices
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

//go:embed prices.json
var pricesFile []byte

// Prices are list prices of one day in one region.
type Prices struct {
	Date   string           `json:"date"`
	Region string           `json:"region"`
	Note   string           `json:"note"`
	Prices map[string]Price `json:"prices"`
}

// Price is what one unit costs, and how many a month AWS gives away to an account.
type Price struct {
	USD    float64 `json:"usd"`
	Per    string  `json:"per"`
	Free   float64 `json:"free,omitempty"`
	Source string  `json:"source"`
}

// whole says whether everything is there that makes a price worth something.
func (p Price) whole() bool { return p.USD > 0 && p.Free >= 0 && p.Per != "" && p.Source != "" }

// The names of the prices.
const (
	priceGBSecond      = "lambdaGBSecond"
	priceLambda        = "lambdaRequest"
	priceFIFO          = "sqsFIFORequest"
	priceRead          = "dynamoRead"
	priceWrite         = "dynamoWrite"
	priceTableGB       = "dynamoGBMonth"
	priceBackupGB      = "dynamoBackupGB"
	priceLogGB         = "logGB"
	priceLogKept       = "logGBMonth"
	priceMetric        = "metric"
	priceAlarm         = "alarm"
	priceDashboard     = "dashboard"
	priceSecret        = "secret"
	priceSecretRequest = "secretRequest"
	priceKey           = "key"
	priceKeyRequest    = "keyRequest"
	priceParameter     = "advancedParameter"
	priceScheduler     = "schedulerCall"
	priceEvent         = "partnerEvent"
	priceTrace         = "trace"
	priceEndpoint      = "interfaceEndpoint"
	priceNAT           = "natGateway"
)

func priceNames() []string {
	return []string{
		priceGBSecond, priceLambda, priceFIFO, priceRead, priceWrite, priceTableGB, priceBackupGB, priceLogGB, priceLogKept, priceMetric, priceAlarm,
		priceDashboard, priceSecret, priceSecretRequest, priceKey, priceKeyRequest, priceParameter, priceScheduler, priceEvent, priceTrace, priceEndpoint, priceNAT,
	}
}

// listPrices reads the prices that the program carries.
func listPrices() (Prices, error) { return parsePrices(pricesFile) }

func parsePrices(text []byte) (Prices, error) {
	var p Prices
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("read prices.json: %w", err)
	}
	if !regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])$`).MatchString(p.Date) || p.Region == "" {
		return p, fmt.Errorf("prices.json: date is %q and region %q: a price without them is worth nothing; write the date as 2026-11", p.Date, p.Region)
	}
	for _, name := range priceNames() {
		if !p.Prices[name].whole() {
			return p, fmt.Errorf("prices.json: %s must have usd, per and source", name)
		}
	}
	for name := range p.Prices {
		if !slices.Contains(priceNames(), name) {
			return p, fmt.Errorf("prices.json: %s is no price that is used", name)
		}
	}
	return p, nil
}
