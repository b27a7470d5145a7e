package courier_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/courier"
)

const (
	jsonType = "application/json;charset=UTF-8"
	formType = "application/x-www-form-urlencoded; charset=UTF-8"

	jsonPush = `{"Body":{"WaybillRoute":[
		{"id":"1","mailno":"SF1000000000001","orderid":"P1","acceptTime":"2026-11-23 08:00:00","acceptAddress":"苏州市","remark":"已收取","opCode":"50"},
		{"id":2,"mailno":"SF1000000000001","orderid":"P1","acceptTime":"2026-11-23 09:00:00","acceptAddress":"苏州市","remark":"后续","opCode":8000}]}}`
	xmlPush = `<Request service="RoutePushService" lang="zh-CN"><Head/><Body>` +
		`<WaybillRoute id="1" mailno="SF1000000000001" orderid="P1" acceptTime="2026-11-23 08:00:00" acceptAddress="苏州市" remark="已收取" opCode="50"/>` +
		`</Body></Request>`
)

func TestParsePush(t *testing.T) {
	form := url.Values{"content": {xmlPush}}.Encode()
	twice := url.Values{"content": {url.QueryEscape(xmlPush)}}.Encode()
	tests := []struct {
		name, contentType, body string
		scans                   int
		err                     error
	}{
		{name: "JSON, numbers as text or not", contentType: jsonType, body: jsonPush, scans: 2},
		{name: "XML in a form", contentType: formType, body: form, scans: 1},
		{name: "XML encoded twice", contentType: formType, body: twice, scans: 1},
		{name: "XML of another service", contentType: formType, body: url.Values{"content": {`<Request service="Other"/>`}}.Encode(), err: courier.ErrPush},
		{name: "nothing in it", contentType: jsonType, body: `{"Body":{"WaybillRoute":[]}}`, err: courier.ErrPush},
		{name: "a line without a time", contentType: jsonType, body: `{"Body":{"WaybillRoute":[{"mailno":"SF1","opCode":"50"}]}}`, err: courier.ErrPush},
		{name: "a line without a code", contentType: jsonType, body: `{"Body":{"WaybillRoute":[{"mailno":"SF1","acceptTime":"2026-11-23 08:00:00"}]}}`, err: courier.ErrPush},
		{name: "no content type", body: jsonPush, err: courier.ErrPush},
		{name: "another content type", contentType: "text/plain", body: jsonPush, err: courier.ErrPush},
		{name: "too long", contentType: jsonType, body: jsonPush + string(make([]byte, 256<<10)), err: courier.ErrPush},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := courier.ParsePush([]byte(tt.body), tt.contentType)
			if !errors.Is(err, tt.err) || len(got) != tt.scans {
				t.Errorf("ParsePush = %d scans, %v, want %d, %v", len(got), err, tt.scans, tt.err)
			}
		})
	}
}

func TestParsePushReadsALine(t *testing.T) {
	got, err := courier.ParsePush([]byte(jsonPush), jsonType)
	if err != nil {
		t.Fatal(err)
	}
	want := flows.Scan{
		ID: got[0].ID, Parcel: "P1", Waybill: "SF1000000000001", At: got[0].At,
		State: flows.ParcelPicked, Place: "苏州市", Remark: "已收取", Code: "50",
	}
	if got[0] != want || got[0].ID == "" {
		t.Errorf("ParsePush = %+v, want %+v", got[0], want)
	}
	if at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC); !got[0].At.Equal(at) {
		t.Errorf("At = %v, want 08:00 in Beijing, %v", got[0].At, at)
	}
	if got[1].State != flows.ParcelMoving || got[1].Code != "8000" {
		t.Errorf("code 8000 is %s (%s), want moving with its code kept", got[1].State, got[1].Code)
	}
}

func TestBothWrappingsGiveOneIdentifier(t *testing.T) {
	a, errA := courier.ParsePush([]byte(jsonPush), jsonType)
	b, errB := courier.ParsePush([]byte(url.Values{"content": {xmlPush}}.Encode()), formType)
	if errA != nil || errB != nil || a[0].ID != b[0].ID {
		t.Errorf("identifiers differ: %v, %v (%v, %v)", a, b, errA, errB)
	}
}

func TestPushAnswer(t *testing.T) {
	down := errors.New("store is down")
	tests := []struct {
		name, contentType string
		failure           error
		want              string
	}{
		{"JSON yes", jsonType, nil, `{"return_code":"0000","return_msg":"成功"}`},
		{"JSON no", jsonType, down, `{"return_code":"1000","return_msg":"系统异常"}`},
		{"form yes", formType, nil, `<Response service="RoutePushService"><Head>OK</Head></Response>`},
		{"form no", formType, down, `<Response service="RoutePushService"><Head>ERR</Head></Response>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := courier.PushAnswer(tt.contentType, tt.failure); string(got) != tt.want {
				t.Errorf("PushAnswer = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	line := func(minute int, state flows.ParcelState) flows.Scan {
		return flows.Scan{At: time.Unix(int64(minute)*60, 0), State: state}
	}
	tests := []struct {
		name  string
		lines []flows.Scan
		want  []flows.ParcelState
	}{
		{
			name:  "out of order is sorted",
			lines: []flows.Scan{line(2, flows.ParcelDelivered), line(1, flows.ParcelPicked)},
			want:  []flows.ParcelState{flows.ParcelPicked, flows.ParcelDelivered},
		},
		{
			name:  "what follows a signature changes nothing",
			lines: []flows.Scan{line(1, flows.ParcelDelivered), line(2, flows.ParcelMoving)},
			want:  []flows.ParcelState{flows.ParcelDelivered, flows.ParcelDelivered},
		},
		{
			name: "after a return the signature is the sender's",
			lines: []flows.Scan{
				line(1, flows.ParcelOut), line(2, flows.ParcelReturning), line(3, flows.ParcelMoving),
				line(4, flows.ParcelDelivered), line(5, flows.ParcelMoving),
			},
			want: []flows.ParcelState{
				flows.ParcelOut, flows.ParcelReturning, flows.ParcelReturning, flows.ParcelReturned, flows.ParcelReturned,
			},
		},
		{
			name:  "a problem passes",
			lines: []flows.Scan{line(1, flows.ParcelProblem), line(2, flows.ParcelOut), line(3, flows.ParcelDelivered)},
			want:  []flows.ParcelState{flows.ParcelProblem, flows.ParcelOut, flows.ParcelDelivered},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i, got := range courier.Follow(tt.lines) {
				if got.State != tt.want[i] {
					t.Errorf("line %d is %s, want %s", i, got.State, tt.want[i])
				}
			}
		})
	}
}

func FuzzParsePush(f *testing.F) {
	f.Add([]byte(jsonPush), jsonType)
	f.Add([]byte(url.Values{"content": {xmlPush}}.Encode()), formType)
	f.Add([]byte("content=%253C"), formType)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		scans, err := courier.ParsePush(body, contentType)
		if (err == nil) != (len(scans) > 0) {
			t.Fatalf("ParsePush = %d scans, %v", len(scans), err)
		}
		for _, s := range scans {
			if s.ID == "" || s.Waybill == "" || s.At.IsZero() || s.State == "" || len(s.Code) > 16 {
				t.Errorf("ParsePush = %+v: incomplete", s)
			}
			if s.State == flows.ParcelDelivered && s.Code != "80" {
				t.Errorf("code %q is a delivery", s.Code)
			}
		}
	})
}
