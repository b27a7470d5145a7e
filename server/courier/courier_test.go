package courier_test

// The client against the strict stand-in, with their separate ideas of a
// signature.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/courier"
	"certdesk/server/courier/couriertest"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func world(t *testing.T, mode string) *couriertest.Courier {
	t.Helper()
	sf, err := couriertest.New(couriertest.Config{
		PartnerID: "P", Checkword: flows.Conceal("a*b~c d"), SignMode: mode, MonthlyCard: "7551234567",
		Clock: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	return sf
}

func config(url string) courier.Config {
	return courier.Config{
		URL: url, PartnerID: "P", Checkword: flows.Conceal("a*b~c d"), MonthlyCard: "7551234567", ExpressType: 2,
		Sender: courier.Sender{
			Company: "证书中心", Contact: flows.Conceal("发件室"), Phone: flows.Conceal("051200000000"),
			Province: "江苏省", City: "苏州市", District: "工业园区", Address: "星湖街1号",
		},
	}
}

func open(t *testing.T, cfg courier.Config, handler http.Handler) *courier.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg.URL = server.URL
	client, err := courier.New(cfg, server.Client(), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func parcel(number string) flows.Parcel {
	return flows.Parcel{Number: number, Goods: "UKey 数字证书*~ & <1>", To: flows.Recipient{
		Name: flows.Conceal("收件人"), Mobile: flows.Conceal("13800000000"),
		Province: "广东省", City: "汕头市", District: "金平区", Detail: flows.Conceal("文化路12号"),
	}}
}

func TestBookTwiceIsOneShipment(t *testing.T) {
	for _, mode := range []string{courier.SignStandard, courier.SignSimple} {
		t.Run(mode, func(t *testing.T) {
			sf := world(t, mode)
			cfg := config("")
			cfg.SignMode = mode
			client := open(t, cfg, sf)
			first, err := client.Book(t.Context(), parcel("P1"))
			if err != nil || !strings.HasPrefix(first, "SF") || len(first) != 15 {
				t.Fatalf("Book = %q, %v, want SF and 13 digits", first, err)
			}
			again, err := client.Book(t.Context(), parcel("P1"))
			if err != nil || again != first {
				t.Errorf("Book again = %q, %v, want %q", again, err, first)
			}
			if n := len(sf.Books().Orders); n != 1 {
				t.Errorf("the courier has %d orders, want 1", n)
			}
		})
	}
}

func TestBookAfterALostAnswer(t *testing.T) {
	sf := world(t, "")
	client := open(t, config(""), sf)
	if err := sf.Fault("timeout", 1); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := client.Book(short, parcel("P1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Book = %v, want a deadline", err)
	}
	waybill, err := client.Book(t.Context(), parcel("P1"))
	if err != nil || waybill != sf.Books().Orders[0].Waybill {
		t.Errorf("Book = %q, %v, want the waybill of the first try", waybill, err)
	}
}

func TestBookRefused(t *testing.T) {
	abroad := parcel("P1")
	abroad.To.Province, abroad.To.City = "台湾省", "台北市"
	nobody := parcel("P2")
	nobody.To.Name = flows.Secret{}
	nowhere := parcel("P3")
	nowhere.To.Detail = flows.Conceal(" ")
	client := open(t, config(""), world(t, ""))
	for _, p := range []flows.Parcel{abroad, nobody, nowhere} {
		for range 2 { // and again the same
			_, err := client.Book(t.Context(), p)
			no, ok := errors.AsType[*flows.RefusedError](err)
			if !ok || no.Public == "" {
				t.Errorf("Book(%s) = %v, want a refusal with words", p.Number, err)
			}
		}
	}
}

func TestBookIsNotRefusedByTrouble(t *testing.T) {
	wrong := config("")
	wrong.Checkword = flows.Conceal("wrong-checkword")
	sf := world(t, "")
	if err := sf.Fault("500", 1); err != nil {
		t.Fatal(err)
	}
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, 2<<20) })
	tests := []struct {
		name   string
		client *courier.Client
	}{
		{"wrong checkword", open(t, wrong, world(t, ""))},
		{"500", open(t, config(""), sf)},
		{"HTML", open(t, config(""), page)},
		{"too long", open(t, config(""), endless)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.client.Book(t.Context(), parcel("P1"))
			if _, refused := errors.AsType[*flows.RefusedError](err); refused || err == nil {
				t.Fatalf("Book = %v, want an error that may be tried again", err)
			}
			for _, secret := range []string{"checkword", "13800000000", "收件人"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("Book = %v: has %q in it", err, secret)
				}
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTrack(t *testing.T) {
	sf := world(t, "")
	client := open(t, config(""), sf)
	if scans, err := client.Track(t.Context(), "P1"); err != nil || len(scans) != 0 {
		t.Fatalf("Track of nothing = %v, %v, want none", scans, err)
	}
	waybill, err := client.Book(t.Context(), parcel("P1"))
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := sf.Advance("P1"); err != nil {
			t.Fatal(err)
		}
	}
	scans, err := client.Track(t.Context(), "P1")
	if err != nil {
		t.Fatal(err)
	}
	want := []flows.ParcelState{flows.ParcelPicked, flows.ParcelMoving, flows.ParcelMoving, flows.ParcelOut, flows.ParcelDelivered}
	if len(scans) != len(want) {
		t.Fatalf("Track = %d lines, want %d", len(scans), len(want))
	}
	for i, s := range scans {
		if s.State != want[i] || s.Waybill != waybill || s.Parcel != "P1" {
			t.Errorf("line %d is %+v, want %s", i, s, want[i])
		}
	}
}

func TestTrackOfAReturn(t *testing.T) {
	sf := world(t, "")
	client := open(t, config(""), sf)
	if _, err := client.Book(t.Context(), parcel("P1")); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"50", "70", "99", "31", "80"} {
		if _, err := sf.Mark("P1", code, "线路"); err != nil {
			t.Fatal(err)
		}
	}
	scans, err := client.Track(t.Context(), "P1")
	if err != nil || scans[len(scans)-1].State != flows.ParcelReturned {
		t.Errorf("Track = %+v, %v, want returned at the end", scans, err)
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := courier.New(courier.Config{SignMode: "sm3"}, http.DefaultClient, time.Now)
	for _, want := range []string{"URL", "sign mode", "express type", "checkword", "monthly card", "sender's address"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want %q mentioned", err, want)
		}
	}
}
