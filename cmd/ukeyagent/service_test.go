// The calls to the service, against services that misbehave.

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certdesk/server/activation"
)

func TestAddress(t *testing.T) {
	tests := []struct {
		address string
		good    bool
	}{
		{"https://desk.example", true},
		{"https://desk.example/", true},
		{"http://127.0.0.1:8080", true},
		{"http://localhost:8080", true},
		{"http://[::1]:8080", true},
		{"http://desk.example", false},
		{"http://127.0.0.1.desk.example", false},
		{"ftp://desk.example", false},
		{"https://user:secret@desk.example", false},
		{"https://desk.example/?a=b", false},
		{"desk.example", false},
		{"", false},
	}
	for _, tt := range tests {
		if _, err := newService(tt.address, nil); (err == nil) != tt.good {
			t.Errorf("newService(%q) = %v, want good %t", tt.address, err, tt.good)
		}
	}
}

func TestCalls(t *testing.T) {
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  error
		calls int
	}{
		{
			name: "a redirection is not followed",
			serve: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			},
			want: errAnswer, calls: 1,
		},
		{
			name:  "an endless answer is cut off",
			serve: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `"`+strings.Repeat("a", 1<<20)) },
			want:  errAnswer, calls: 1,
		},
		{
			name:  "a page instead of an answer",
			serve: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
			want:  errAnswer, calls: 1,
		},
		{
			name:  "a proxy that is out of order is asked again",
			serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			want:  errOffline, calls: tries,
		},
		{
			name:  "a broken connection is asked again",
			serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			want:  errOffline, calls: tries,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var calls atomic.Int32
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1); tt.serve(w, r) }))
			defer web.Close()
			api, err := newService(web.URL, func(context.Context, time.Duration) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			if err := api.again(t.Context(), activation.StepPath, activation.Empty{}, &activation.Empty{}); !errors.Is(err, tt.want) {
				t.Errorf("again = %v, want %v", err, tt.want)
			}
			if got := int(calls.Load()); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
		})
	}
}

func TestRefusalIsNotRepeated(t *testing.T) {
	for code, want := range map[activation.Code]int{activation.OtherKey: 1, activation.Busy: tries, activation.Unavailable: tries} {
		var calls atomic.Int32
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			refuse(w, 409, code)
		}))
		api, err := newService(web.URL, func(context.Context, time.Duration) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		err = api.again(t.Context(), activation.CertifyPath, activation.Empty{}, &activation.Empty{})
		if no, ok := errors.AsType[*activation.Error](err); !ok || no.Code != code || int(calls.Load()) != want {
			t.Errorf("%s: again = %v after %d calls, want %d", code, err, calls.Load(), want)
		}
		web.Close()
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ give, want string }{
		{"张三 1", "张三 1"},
		{"a\x1b[2Jb\r\nc\u202ed", "a[2Jbcd"},
		{strings.Repeat("长", 300), strings.Repeat("长", 200)},
		{"\xff\xfe", "\ufffd\ufffd"},
	}
	for _, tt := range tests {
		if got := printable(tt.give); got != tt.want {
			t.Errorf("printable(%q) = %q, want %q", tt.give, got, tt.want)
		}
	}
}
