package courier

// A line of a parcel's history means the same whether it was pushed or asked
// for, so its translation into our words is written once, here.

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"certdesk/flows"
)

// beijing is the zone of the courier's clock; China has no summer time.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// line is one node, in the names that push and query share.
type line struct {
	Waybill string `json:"mailno" xml:"mailno,attr"`
	OrderID text   `json:"orderid" xml:"orderid,attr"`
	Time    string `json:"acceptTime" xml:"acceptTime,attr"` // Beijing
	Place   string `json:"acceptAddress" xml:"acceptAddress,attr"`
	Remark  string `json:"remark" xml:"remark,attr"`
	Code    text   `json:"opCode" xml:"opCode,attr"`
}

// scan translates a line. The identifier is a hash of what push and query both
// tell (the query has no identifier of its own), so that a line which arrives
// by both doors is one line.
func (l line) scan(waybill, number string) (flows.Scan, error) {
	at, err := time.ParseInLocation(time.DateTime, strings.TrimSpace(l.Time), beijing)
	if err != nil {
		return flows.Scan{}, fmt.Errorf("%w: time of a route: %w", ErrAnswer, err)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{waybill, at.Format(time.DateTime), string(l.Code), l.Remark}, "\x00")))
	return flows.Scan{
		ID:      hex.EncodeToString(sum[:16]),
		Parcel:  number,
		Waybill: waybill,
		At:      at,
		State:   stateOf(string(l.Code)),
		Place:   l.Place,
		Remark:  l.Remark,
		Code:    l.Code.short(),
	}, nil
}

// states are the courier's codes in our words. Source: facts 3.4; 50 and 80
// are sure, the others less so, which is why a delivery has exactly one code.
var states = map[string]flows.ParcelState{
	"50": flows.ParcelPicked, "54": flows.ParcelPicked,
	"44": flows.ParcelOut, "204": flows.ParcelOut,
	"123": flows.ParcelOut, "130": flows.ParcelOut, // handed to an outlet or a locker
	"607": flows.ParcelOut, "125": flows.ParcelOut, "128": flows.ParcelOut, "658": flows.ParcelOut, // waits there
	"70": flows.ParcelProblem, "33": flows.ParcelProblem, "77": flows.ParcelProblem, "34": flows.ParcelProblem,
	"80": flows.ParcelDelivered,
	"99": flows.ParcelReturning, "648": flows.ParcelReturning, "631": flows.ParcelReturning,
	"517": flows.ParcelReturning, "521": flows.ParcelReturning,
}

// stateOf takes every other code, known transit (30, 31, 36 ...) or unknown,
// for a parcel on its way.
func stateOf(code string) flows.ParcelState {
	return cmp.Or(states[code], flows.ParcelMoving)
}

// Follow sorts a parcel's scans by time and applies what one line alone cannot
// tell: once a parcel is returning it stays so, and a signature is then the
// sender's; and after a signature the courier's follow-up lines (8000) change
// nothing. Give it the whole history of one parcel; it changes and returns
// the slice.
func Follow(scans []flows.Scan) []flows.Scan {
	slices.SortStableFunc(scans, func(a, b flows.Scan) int { return a.At.Compare(b.At) })
	var state flows.ParcelState
	for i := range scans {
		state = next(state, scans[i].State)
		scans[i].State = state
	}
	return scans
}

// next is the state of a parcel that was in state before when a line says now.
func next(before, now flows.ParcelState) flows.ParcelState {
	switch before {
	case flows.ParcelReturned:
		return before
	case flows.ParcelReturning:
		if now == flows.ParcelDelivered {
			return flows.ParcelReturned
		}
		return before
	case flows.ParcelDelivered:
		if now != flows.ParcelReturning {
			return before
		}
	case flows.ParcelBooked, flows.ParcelPicked, flows.ParcelMoving, flows.ParcelOut, flows.ParcelProblem:
	}
	return now
}
