package main

import (
	"slices"
	"testing"
)

func TestLoadStaysOnThisMachine(t *testing.T) {
	env := func(string) string { return "token" }
	for _, address := range []string{"http://example.com", "https://127.0.0.1:1", "http://10.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1.example.com/"} {
		if _, err := newSender(address, "plain", env); err == nil {
			t.Errorf("%s may be put under load", address)
		}
	}
	for _, address := range []string{"http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80"} {
		if _, err := newSender(address, "plain", env); err != nil {
			t.Errorf("newSender(%s) = %v", address, err)
		}
	}
}

func TestMix(t *testing.T) {
	if words, err := mix("帮助=2,你好=1"); err != nil || !slices.Equal(words, []string{"帮助", "帮助", "你好"}) {
		t.Errorf("mix = %v, %v", words, err)
	}
	for _, text := range []string{"", "a", "a=x", "a=-1", "=1", "a=1000"} {
		if _, err := mix(text); err == nil {
			t.Errorf("mix(%q) = nil, want an error", text)
		}
	}
}
