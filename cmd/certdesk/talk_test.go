package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
)

// typed runs the terminal on what is typed, one line after the other.
func typed(t *testing.T, lines ...string) string {
	t.Helper()
	var out bytes.Buffer
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, flows.Beijing)
	talk := terminal{
		flow: flows.Manual("400-000-0000"), in: bufio.NewScanner(strings.NewReader(strings.Join(lines, "\n") + "\n")),
		out: bufio.NewWriter(&out), now: func() time.Time { return noon },
	}
	if err := talk.talk(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTalk(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"the greeting comes first", nil, []string{"[企业证书|个人证书]", "= welcome (greeting)"}},
		{"a page is asked field by field", []string{"个人", "", "13912345678", "13912345678"}, []string{"登录名（手机号码或邮箱）：", "* send-code register", "= register.person"}},
		{
			"a refused field is asked again",
			[]string{"个人", "", "13912345678", "1391234567", "13912345678"},
			[]string{"{refused: mobile 手机号码应为11位数字", "= register.person"},
		},
		{"nothing typed leaves the page", []string{"个人", "", "", "到哪了"}, []string{"您的办理进度"}},
		{"no page, no fields", []string{""}, []string{"No page is asked for here."}},
		{"the world is played", []string{"!paid"}, []string{"* orphan paid"}},
		{"the desk is played", []string{"@taken", "@handed"}, []string{"我是客服小林", "已转回自助办理"}},
		{"a report that is none", []string{"!nonsense"}, []string{`no report is called "nonsense"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := typed(t, tt.lines...)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("typing %q shows\n%s\nwithout %q", tt.lines, got, want)
				}
			}
		})
	}
}

// TestExamples holds every report that needs values to an example that is read.
func TestExamples(t *testing.T) {
	f := flows.Manual("400-000-0000")
	for _, at := range f.States() {
		for _, kind := range f.Awaits(at) {
			line := "! " + string(kind) + " " + example(kind)
			if _, err := flows.ReadScript(line, flows.Case{At: at}, time.Now()); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}

func TestManual(t *testing.T) {
	tests := []struct {
		name    string
		command manualCommand
		first   string
		last    string
	}{
		{"the manual", manualCommand{Phone: "400-000-0000"}, "# 数字证书办理手册\n", "\n"},
		{"the diagrams", manualCommand{Mermaid: true}, "%% 1.1 数字证书办理入口\nstateDiagram-v2\n", "\n"},
		{"no faults", manualCommand{Check: true}, "", ""},
		{"the coverage", manualCommand{Coverage: true}, "M1 obeyed  welcome; ", "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := tt.command.print(&out); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); !strings.HasPrefix(got, tt.first) || !strings.HasSuffix(got, tt.last) {
				t.Errorf("prints %.80q", got)
			}
		})
	}
}

// TestManualFaults shows that faults end the command with an error.
func TestManualFaults(t *testing.T) {
	var out bytes.Buffer
	err := manualCommand{}.check(&out, &flows.Flow{Start: "nowhere"})
	if err == nil || !strings.Contains(out.String(), "does not exist") {
		t.Errorf("check = %v, prints %q", err, out.String())
	}
}
