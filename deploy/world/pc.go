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

func (p *pc) mount(mux *http.ServeMux) {
	for _, path := range []string{"GET /world/pc", "GET /world/pc/screen"} {
		mux.HandleFunc(path, control(func(*http.Request, none) (any, error) { return p.screen(), nil }))
	}
	mux.HandleFunc("POST /world/pc/insert", control(p.insert))
	mux.HandleFunc("POST /world/pc/remove", control(p.remove))
	mux.HandleFunc("POST /world/pc/run", control(p.start))
	mux.HandleFunc("POST /world/pc/type", control(p.enter))
	mux.HandleFunc("POST /world/pc/stop", control(p.interrupt))
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

	mu   sync.Mutex
	text []byte // on the screen
	key  key    // that is plugged in
	task *task  // the program that runs, nil when none does
	exit *int   // of the last program
}

// key is a UKey; the zero one is none.
type key struct{ model, serial, conf string }

// task is a program that runs.
type task struct {
	stdin io.WriteCloser
	stop  context.CancelFunc
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
		Text: strings.ToValidUTF8(string(p.text), "�"), Running: p.task != nil,
		Model: p.key.model, Serial: p.key.serial, Missing: p.tools.missing(),
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

var (
	goodModel = regexp.MustCompile(`^[A-Za-z0-9-]{1,24}$`)
	goodCode  = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)
)

// insert plugs a key in. Each model is one key, which is made when it is
// wanted first and is the same one ever after.
func (p *pc) insert(r *http.Request, q struct{ Model string }) (any, error) {
	if !goodModel.MatchString(q.Model) {
		return nil, no(http.StatusBadRequest, "UKey 型号只能用字母、数字和短横线。")
	}
	if missing := p.tools.missing(); len(missing) > 0 {
		return nil, no(http.StatusConflict, strings.Join(missing, "\n"))
	}
	token, err := plugged(r.Context(), filepath.Join(p.dir, "ukey-"+q.Model), q.Model)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = key{q.Model, token.Serial, token.Conf}
	p.show([]byte("插入 UKey：" + q.Model + "，序列号 " + token.Serial + "\n"))
	return map[string]string{"serial": token.Serial, "module": token.Module, "conf": token.Conf}, nil
}

func plugged(ctx context.Context, dir, label string) (tokentest.Token, error) {
	if _, err := os.Stat(dir); err == nil {
		return tokentest.Find(ctx, dir, label)
	}
	return tokentest.Make(ctx, dir, label)
}

func (p *pc) remove(*http.Request, none) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key != (key{}) {
		p.show([]byte("拔出 UKey：" + p.key.model + "\n"))
	}
	p.key = key{}
	return done, nil
}

// start starts the tool. It answers at once; what happens is on the screen.
func (p *pc) start(_ *http.Request, q struct{ Code string }) (any, error) {
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
	case p.task != nil:
		return nil, no(http.StatusConflict, "证书工具正在运行，请先完成或停止。")
	}
	ctx, stop := context.WithCancel(p.ctx)
	in, stdin := io.Pipe()
	p.task, p.exit, p.text = &task{stdin, stop}, nil, nil
	conf := p.key.conf
	p.running.Go(func() {
		defer stop()
		code := p.run(ctx, q.Code, conf, in)
		in.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.task, p.exit = nil, &code
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

// enter types a line into the tool. It shows nowhere: most lines are secrets.
func (p *pc) enter(_ *http.Request, q struct{ Line string }) (any, error) {
	if len(q.Line) > maxTyped || strings.ContainsAny(q.Line, "\r\n") {
		return nil, no(http.StatusBadRequest, "一次输入一行，不超过 200 个字节。")
	}
	p.mu.Lock()
	task := p.task
	p.mu.Unlock()
	if task == nil {
		return nil, no(http.StatusConflict, "证书工具没有在运行。")
	}
	if _, err := io.WriteString(task.stdin, q.Line+"\n"); err != nil {
		return nil, no(http.StatusConflict, "证书工具已经结束。")
	}
	return done, nil
}

func (p *pc) interrupt(*http.Request, none) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.task == nil {
		return nil, no(http.StatusConflict, "证书工具没有在运行。")
	}
	p.task.stop()
	return done, nil
}
