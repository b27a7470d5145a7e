// The tool at a real terminal, where people are: questions, second chances,
// and nothing secret on the screen.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"certdesk/cmd/ukeyagent/token/tokentest"
)

// terminal opens a pseudo terminal: our end and the tool's.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { ours.Close() })
	fd := int(ours.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}

// converse answers each question once it is on the screen, and returns the
// screen. A question that ends in "]" is answered in the open.
func converse(t *testing.T, cmd *exec.Cmd, turns [][2]string) string {
	t.Helper()
	ours, theirs := terminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	var screen bytes.Buffer
	seen := 0
	buffer := make([]byte, 4096)
	for {
		n, err := ours.Read(buffer)
		screen.Write(buffer[:n])
		if err != nil {
			break // the other end is closed: the tool has ended
		}
		for len(turns) > 0 {
			at := strings.Index(screen.String()[seen:], turns[0][0])
			if at < 0 {
				break
			}
			seen += at + len(turns[0][0])
			if !strings.HasSuffix(turns[0][0], "]") {
				awaitSilence(t, ours)
			}
			if _, err := ours.WriteString(turns[0][1] + "\n"); err != nil {
				t.Fatal(err)
			}
			turns = turns[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("tool: %v\n%s", err, screen.String())
	}
	if len(turns) > 0 {
		t.Errorf("%q was never asked:\n%s", turns[0][0], screen.String())
	}
	return screen.String()
}

// awaitSilence waits until the terminal does not echo. The question is on the
// screen a moment before that, and only a program types so fast.
func awaitSilence(t *testing.T, ours *os.File) {
	t.Helper()
	for t.Context().Err() == nil {
		state, err := unix.IoctlGetTermios(int(ours.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		runtime.Gosched()
	}
}

func TestAtATerminal(t *testing.T) {
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	cmd := tool(t, key, "", "activate", "--server", d.web.URL, "--code", d.code(), "--module", key.Module)
	screen := converse(t, cmd, [][2]string{
		{"[y/N]", "y"},
		{"授权码：", "975310"},
		{"还可以输入 4 次。\r\n请输入短信中的授权码：", smsCode},
		{"111111）：", tokentest.PIN},
		{"不修改）：", "111111"},
		{"不修改）：", "270815"},
		{"再输入一次新密码：", "270816"},
		{"不修改）：", "270815"},
		{"再输入一次新密码：", "270815"},
	})
	if !strings.Contains(screen, "密码已修改") || !strings.HasSuffix(screen, "成功，请重新插拔 Ukey。\r\n") {
		t.Errorf("screen:\n%s", screen)
	}
	for _, secret := range []string{"975310", smsCode, "270815", "270816"} {
		if strings.Contains(screen, secret) {
			t.Errorf("screen shows %s:\n%s", secret, screen)
		}
	}
	inspect(t, key, "270815")
}

// TestStoppedByTheKeyboard: Ctrl-C at a question ends the run and gives the
// terminal its echo back.
func TestStoppedByTheKeyboard(t *testing.T) {
	d, key := newDesk(t), newToken(t, t.TempDir(), "UKEY-0001")
	ours, theirs := terminal(t)
	before, err := unix.IoctlGetTermios(int(theirs.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := tool(t, key, "", "activate", "--server", d.web.URL, "--code", d.code(), "--module", key.Module, "--yes")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	buffer := make([]byte, 4096)
	for !strings.Contains(screen.String(), "授权码：") {
		n, err := ours.Read(buffer)
		if err != nil {
			t.Fatalf("%v\n%s", err, screen.String())
		}
		screen.Write(buffer[:n])
	}
	awaitSilence(t, ours)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if exit, ok := errors.AsType[*exec.ExitError](cmd.Wait()); !ok || exit.ExitCode() != exitDeclined {
		t.Errorf("exit %v, want %d", exit, exitDeclined)
	}
	after, err := unix.IoctlGetTermios(int(theirs.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	if after.Lflag != before.Lflag {
		t.Errorf("terminal is left with flags %b, had %b", after.Lflag, before.Lflag)
	}
}
