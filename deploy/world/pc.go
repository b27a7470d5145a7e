// The applicant's PC: a UKey that can be plugged in, and the real ukeyagent
// running in a terminal.

package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"certdesk/cmd/ukeyagent/token/tokentest"
)

func (w *World) mountPC(mux *http.ServeMux) {
	mux.HandleFunc("GET /world/pc", control(w.pcLook))
	mux.HandleFunc("GET /world/pc/screen", control(w.pcScreen))
	mux.HandleFunc("POST /world/pc/insert", control(w.pcInsert))
	mux.HandleFunc("POST /world/pc/remove", control(w.pcRemove))
	mux.HandleFunc("POST /world/pc/run", control(w.pcRun))
	mux.HandleFunc("POST /world/pc/type", control(w.pcType))
	mux.HandleFunc("POST /world/pc/stop", control(w.pcStop))
}

const (
	maxScreen  = 64 << 10 // bytes of output that are kept
	maxTyped   = 200      // bytes of a line
	buildsIn   = 5 * time.Minute
	killsAfter = 3 * time.Second
)

// pc is the computer. One program runs at a time.
type pc struct {
	dir     string
	service string
	tools   tools
	ctx     context.Context // ends every program
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	model  string // of the key that is plugged in, empty for none
	serial string
	conf   string // of the key's module
	text   []byte // on the screen
	stdin  io.WriteCloser
	stop   context.CancelFunc // ends the program that runs, nil when none does
	exit   *int               // of the last program
}

// screen is what somebody before the PC sees.
type screen struct {
	Text    string   `json:"text"`
	Running bool     `json:"running"`
	Exit    *int     `json:"exit"` // null before the first program, and while one runs
	Model   string   `json:"model"`
	Serial  string   `json:"serial"`
	Missing []string `json:"missing"` // what must be installed first, in words
}

func newPC(dir, service string) *pc {
	p := &pc{dir: dir, service: service, tools: findTools()}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// close ends the program and waits for it.
func (p *pc) close() {
	p.mu.Lock()
	p.cancel() // under the lock, so that no program starts afterwards
	p.mu.Unlock()
	p.running.Wait()
}

func (p *pc) screen() screen {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := screen{
		Text: strings.ToValidUTF8(string(p.text), "�"), Running: p.stop != nil,
		Model: p.model, Serial: p.serial, Missing: p.tools.missing(),
	}
	if !s.Running {
		s.Exit = p.exit
	}
	return s
}

// Write puts output on the screen; the oldest scrolls away.
func (p *pc) Write(output []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(output)
	return len(output), nil
}

// show is Write for who holds the lock.
func (p *pc) show(output []byte) {
	p.text = append(p.text, output...)
	if over := len(p.text) - maxScreen; over > 0 {
		p.text = append([]byte{}, p.text[over:]...)
	}
}

func (w *World) pcLook(*http.Request, none) (any, error)   { return w.pc.screen(), nil }
func (w *World) pcScreen(*http.Request, none) (any, error) { return w.pc.screen(), nil }

var (
	goodModel = regexp.MustCompile(`^[A-Za-z0-9-]{1,24}$`)
	goodCode  = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)
)

// pcInsert plugs a key in. Each model is one key, which is made when it is
// wanted first and is the same one ever after.
func (w *World) pcInsert(r *http.Request, q struct{ Model string }) (any, error) {
	p := w.pc
	if !goodModel.MatchString(q.Model) {
		return nil, no(http.StatusBadRequest, "UKey 型号只能用字母、数字和短横线。")
	}
	if missing := p.tools.missing(); len(missing) > 0 {
		return nil, no(http.StatusConflict, strings.Join(missing, "\n"))
	}
	key, err := plugged(r.Context(), filepath.Join(p.dir, "ukey-"+q.Model), q.Model)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.model, p.serial, p.conf = q.Model, key.Serial, key.Conf
	p.show([]byte("插入 UKey：" + q.Model + "，序列号 " + key.Serial + "\n"))
	return map[string]string{"serial": key.Serial, "module": key.Module, "conf": key.Conf}, nil
}

func plugged(ctx context.Context, dir, label string) (tokentest.Token, error) {
	if _, err := os.Stat(dir); err == nil {
		return tokentest.Find(ctx, dir, label)
	}
	return tokentest.Make(ctx, dir, label)
}

func (w *World) pcRemove(*http.Request, none) (any, error) {
	p := w.pc
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.model != "" {
		p.show([]byte("拔出 UKey：" + p.model + "\n"))
	}
	p.model, p.serial, p.conf = "", "", ""
	return done, nil
}

// pcRun starts the tool. It answers at once; what happens is on the screen.
func (w *World) pcRun(_ *http.Request, q struct{ Code string }) (any, error) {
	p := w.pc
	if !goodCode.MatchString(q.Code) {
		return nil, no(http.StatusBadRequest, "激活码只有字母、数字和短横线，例如 ABCD-EFGH。")
	}
	if missing := p.tools.missing(); len(missing) > 0 {
		return nil, no(http.StatusConflict, strings.Join(missing, "\n"))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ctx.Err() != nil:
		return nil, no(http.StatusServiceUnavailable, "演示城市正在关闭。")
	case p.stop != nil:
		return nil, no(http.StatusConflict, "证书工具正在运行，请先完成或停止。")
	}
	ctx, stop := context.WithCancel(p.ctx)
	in, stdin := io.Pipe()
	p.stop, p.stdin, p.exit, p.text = stop, stdin, nil, nil
	conf := p.conf
	p.running.Go(func() {
		defer stop()
		code := p.run(ctx, q.Code, conf, in)
		in.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stop, p.stdin, p.exit = nil, nil, &code
	})
	return done, nil
}

// run prepares the tool and runs it to its end. It returns the exit code, or -1
// when there is none.
func (p *pc) run(ctx context.Context, code, conf string, in io.Reader) int {
	cmd, err := p.command(ctx, code, conf)
	if err == nil {
		err = p.attend(cmd, in)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
		return exit.ExitCode()
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(p, "\n已停止。")
		return -1
	case err != nil:
		fmt.Fprintf(p, "\n证书工具没有运行起来：%v\n", err)
		return -1
	}
	return 0
}

// command is the tool with an environment of its own: it must not see what the
// demo's process knows.
func (p *pc) command(ctx context.Context, code, conf string) (*exec.Cmd, error) {
	tool, err := p.agent(ctx)
	if err != nil {
		return nil, err
	}
	module, err := tokentest.Module()
	if err != nil {
		return nil, err
	}
	if conf == "" {
		if conf, err = p.empty(); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(p, "> ukeyagent activate --server %s --code %s --module %s\n\n", p.service, code, module)
	cmd := exec.CommandContext(ctx, tool, "activate", "--server", p.service, "--code", code, "--module", module)
	cmd.Dir = p.dir
	cmd.Env = []string{"SOFTHSM2_CONF=" + conf, "PATH=" + os.Getenv("PATH"), "HOME=" + p.dir}
	cmd.Stdout, cmd.Stderr = p, p
	cmd.WaitDelay = killsAfter
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd, nil
}

// attend runs the tool and hands it what is typed.
func (p *pc) attend(cmd *exec.Cmd, in io.Reader) error {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("world: keyboard: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("world: tool: %w", err)
	}
	p.running.Go(func() {
		_, _ = io.Copy(stdin, in) // ends with the tool, whose end is told by Wait
		_ = stdin.Close()
	})
	return cmd.Wait()
}

// empty is the configuration of a PC into which no key is plugged.
func (p *pc) empty() (string, error) {
	tokens := filepath.Join(p.dir, "no-ukey", "tokens")
	if err := os.MkdirAll(tokens, 0o700); err != nil {
		return "", fmt.Errorf("world: no key: %w", err)
	}
	conf := filepath.Join(p.dir, "no-ukey", "softhsm2.conf")
	text := "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("world: no key: %w", err)
	}
	return conf, nil
}

// pcType types a line into the tool. It shows nowhere: most lines are secrets.
func (w *World) pcType(_ *http.Request, q struct{ Line string }) (any, error) {
	if len(q.Line) > maxTyped || strings.ContainsAny(q.Line, "\r\n") {
		return nil, no(http.StatusBadRequest, "一次输入一行，不超过 200 个字节。")
	}
	w.pc.mu.Lock()
	stdin := w.pc.stdin
	w.pc.mu.Unlock()
	if stdin == nil {
		return nil, no(http.StatusConflict, "证书工具没有在运行。")
	}
	if _, err := io.WriteString(stdin, q.Line+"\n"); err != nil {
		return nil, no(http.StatusConflict, "证书工具已经结束。")
	}
	return done, nil
}

func (w *World) pcStop(*http.Request, none) (any, error) {
	w.pc.mu.Lock()
	defer w.pc.mu.Unlock()
	if w.pc.stop == nil {
		return nil, no(http.StatusConflict, "证书工具没有在运行。")
	}
	w.pc.stop()
	return done, nil
}
