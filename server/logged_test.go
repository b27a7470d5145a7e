package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/server/activation"
	"certdesk/server/desk"
)

// Every line of code that logs is made to, while a person's data are under way:
// a log call that nobody has seen is one that nobody has looked at.

func TestEveryLogCall(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	c := people[1]
	c.registers()
	c.consents()
	c.proves()
	c.askedForAnAddress(func() {
		c.push(t, c.shaped(t, c.OpenID, c.message(c.OpenID, "image", "MediaId", "gone-"+c.IDNumber)))
		c.wait(t, "the picture not to be read", func() bool { return strings.Contains(c.log.String(), "a picture was not read") })
	})
	c.orders()
	s := &storm{citizen: c, id: c.talk().ID, page: c.link()}
	mini := &links{keys: n.links.keys, now: n.now, life: miniSeat}
	s.seat = mini.token(miniPlace, s.id, "", miniSeat)
	s.signsIn()
	s.partnersFail()
	s.redisFails()
	s.ledgerFails(people[0])
	n.keepsQuiet(t, map[string]string{
		"name": c.Name, "identity number": c.IDNumber, "mobile": c.Mobile, "login": c.Login, "password": c.Password, "account": c.Account,
		"address": "某某路12号", "OpenID": c.OpenID, "link": s.page[len("/h5/s/"):], "seat": s.seat, "form token": s.form,
		"payment code": c.talk().Case.Form.Text(flows.KeyPayQR), "SF's token": n.cfg.SF.PushToken.Reveal(),
	})
	log := n.log.String()
	for _, place := range logCalls(t) {
		file, line, _ := strings.Cut(place, ":")
		if !strings.Contains(log, `/`+file+`","line":`+line+`}`) {
			t.Errorf("nothing is logged at %s: let it happen here", place)
		}
	}
}

// logCalls are the places in the service's code where something is logged, as
// file:line.
func logCalls(t *testing.T) (places []string) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if !slices.Contains([]string{"server", "bot", "miniapp"}, strings.Split(filepath.ToSlash(path), "/")[1]) {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error", "Log", "LogAttrs"}, method.Sel.Name) {
				return true
			}
			logger, ok := method.X.(*ast.SelectorExpr)
			if ok && strings.EqualFold(logger.Sel.Name, "log") {
				at := files.Position(call.Pos())
				places = append(places, filepath.Base(at.Filename)+":"+strconv.Itoa(at.Line))
			}
			return true
		})
		return nil
	})
	if err != nil || len(places) < 20 {
		t.Fatalf("%d places log, %v: this test looks in the wrong place", len(places), err)
	}
	return places
}

// storm is everything that fails while somebody is being served.
type storm struct {
	*citizen
	id    desk.TalkID
	page  string       // path of the present page
	seat  string       // of the mini-program
	agent *http.Client // who has signed in at the desk
	form  string       // token of the desk's forms
}

func (s *storm) logged(what string) func() bool {
	return func() bool { return strings.Contains(s.log.String(), what) }
}

// faults lets the official account's platform fail that often.
func (s *storm) faults(times int) {
	s.tells(s.t, "/world/faults", map[string]any{"partner": "wechat", "fault": "500", "times": times}, nil)
}

// partnersFail, and say what cannot be.
func (s *storm) partnersFail() {
	ctx, enough := context.WithCancel(s.t.Context())
	s.faults(1)
	go func() {
		defer enough()
		s.wait(s.t, "the menu to be refused", s.logged("the menu was not set"))
	}()
	s.postMenu(ctx)
	s.health.look(ctx) // which has ended
	app := s.opensApp(s.startApp())
	s.ask(s.t, "POST", miniBase+"/phone", `{"nonce":"nonce-01","response":"`+s.IDNumber+s.Mobile+`"}`, http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + app.token}})
	s.wait(s.t, "the number to be refused", s.logged("a number was not taken from Alipay"))
	s.faults(1)
	app.types("换到微信办理")
	s.wait(s.t, "the code to be made without WeChat", s.logged("a code to go on elsewhere can only be said"))
	s.faults(1)
	s.follows(s.t.Context(), bot.Message{From: s.OpenID, Event: flows.Event{ID: "long"}}, s.id, []string{s.Name + s.IDNumber})
	s.faults(1)
	s.voice.picture(s.t.Context(), desk.Listener{ID: s.OpenID, Talk: s.id}, flows.QR{Content: "https://qr.alipay.com/" + s.IDNumber})
	s.told("sign=" + url.QueryEscape(s.IDNumber) + "&buyer=" + url.QueryEscape(s.Name))
	s.told(s.signed(s.unknownPayment("once")).Encode())
	s.posts("/alipay/gateway", "app_id="+url.QueryEscape(s.IDNumber))
	unreadable := s.gatewayMessage()
	unreadable.Set("biz_content", `{"out_biz_no":"`+s.Name+`"}`)
	s.posts("/alipay/gateway", s.signed(unreadable).Encode())
	s.ask(s.t, "POST", "/sf/routes?token="+url.QueryEscape(s.cfg.SF.PushToken.Reveal()), `{"Body":"`+s.Name+s.Mobile+`"`, http.Header{"Content-Type": {"application/json"}})
	s.uploads("户名," + s.Name + "\n" + s.Account)
	s.says("取消") // leaves the step, and says nothing more
	s.tells(s.t, "/world/wechat/"+s.OpenID+"/unfollow", map[string]string{}, nil)
	s.presses("/console/talks/"+string(s.id)+"/take", "")
	s.presses("/console/talks/"+string(s.id)+"/say", s.Name+"您好，您的身份证号是"+s.IDNumber)
	s.wait(s.t, "the agent's words not to be sent", s.logged("not sent"))
}

// unknownPayment is Alipay's word about a payment that nobody knows.
func (s *storm) unknownPayment(id string) url.Values {
	n := s.notice()
	n.Set("notify_id", id)
	n.Set("out_trade_no", "P20260101000000")
	n.Set("buyer_logon_id", s.Mobile)
	n.Set("subject", s.Name)
	return n
}

// redisFails while a message, a page, the mini-program and an agent's page want
// it.
func (s *storm) redisFails() {
	stream, err := s.agent.Get(s.base + "/console/stream?talk=" + string(s.id))
	if err != nil {
		s.t.Fatal(err)
	}
	defer stream.Body.Close()
	s.embedded.SetError("LOADING Redis is loading the dataset in memory")
	defer s.embedded.SetError("")
	late := s.message(s.OpenID, "text", "Content", "我的身份证号是"+s.IDNumber)
	now := strconv.FormatInt(time.Now().Unix(), 10)
	late = strings.Replace(late, now, strconv.FormatInt(time.Now().Add(-2*lateAfter).Unix(), 10), 1)
	if _, said := s.push(s.t, s.shaped(s.t, s.OpenID, late)); said != sendAgain {
		s.t.Errorf("a late message that was not taken was answered with %q", said)
	}
	s.ask(s.t, "POST", s.page, url.Values{"name": {s.Name}, "id": {s.IDNumber}}.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	s.ask(s.t, "GET", miniBase+"/step", "", http.Header{"Authorization": {"Bearer " + s.seat}})
	for _, what := range []string{"a message was not taken", "a request was not served", "the mini-program was not served", "an agent's page was not kept fresh"} {
		s.wait(s.t, what, s.logged(what))
	}
}

// ledgerFails: half of its tables are away, while everybody has something to
// look up or to write. One effect has lost its job.
func (s *storm) ledgerFails(other *citizen) {
	books, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "ledger.db")+"?_pragma=busy_timeout(5000)&_pragma=legacy_alter_table(1)")
	if err != nil {
		s.t.Fatal(err)
	}
	defer books.Close()
	does := func(query string, args ...any) {
		s.t.Helper()
		if _, err := books.Exec(query, args...); err != nil {
			s.t.Fatal(err)
		}
	}
	does("INSERT INTO effect (talk, event, idx, verb, sealed, job, at) VALUES (?, ?, 0, 'say', '', 0, 1)", s.id, "lost")
	s.wait(s.t, "the lost effect to be found", s.logged("an effect was stuck"))

	does("ALTER TABLE branch RENAME TO away_branch")
	defer does("ALTER TABLE away_branch RENAME TO branch")
	search := desk.Pending{Ref: desk.Ref{Talk: s.id, Event: "search"}, Effect: flows.FindBranch{}, At: s.now()}
	if err := s.book.Enter(s.t.Context(), []desk.Pending{search}); err != nil {
		s.t.Fatal(err)
	}
	s.wait(s.t, "a search to fail", s.logged("a list of branches was not searched"))

	for _, table := range []string{"effect", "transcript", "inbox", "bank_line", "help", "ticket", "company_grant", "review"} {
		does("ALTER TABLE " + table + " RENAME TO away_" + table)
		defer does("ALTER TABLE away_" + table + " RENAME TO " + table)
	}
	s.told(s.signed(s.unknownPayment("again")).Encode())
	other.says("企业证书")
	s.presses("/console/talks/"+string(s.id)+"/hand", "")
	s.presses("/console/bank/unmatch", s.Name)
	s.presses("/console/reviews/judge", s.Name)
	s.uploads(statementOf(s.Name, s.Account))
	s.comesBackFromAlipay()
	k := &keyTool{citizen: s.citizen}
	k.call(activation.BeginPath, activation.BeginRequest{Code: "ABCD-EFGH", PC: s.Name + "的电脑"})
	for _, what := range []string{
		"a notification was not stored", "settling is left to the sweep", "a round was not finished", "an agent's action was not done",
		"a decision about a line was not kept", "a verdict was not kept", "a statement was not imported", "the key tool was not served", "transcripts were not archived",
		"whose account was shown stayed open",
	} {
		s.wait(s.t, what, s.logged(what))
	}
}

// statementOf is a statement with one line.
func statementOf(payer, account string) string {
	return "交易时间,收入金额,对方户名,对方账号,交易流水号,摘要\n2026-11-23 10:00:00,0.01," + payer + "," + account + ",S1,认证\n"
}

// signsIn at the desk, with a wrong password first.
func (s *storm) signsIn() {
	s.t.Helper()
	if err := s.AddStaff(s.t.Context(), "lin", "小林", RoleSupervisor, flows.Conceal("Xiaolin-2026")); err != nil {
		s.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.agent = &http.Client{Jar: jar}
	for _, password := range []string{s.Password, "Xiaolin-2026"} {
		door := s.gets("/console/sign-in")
		s.sends("/console/sign-in", url.Values{"token": {tokenField.FindStringSubmatch(door)[1]}, "name": {"lin"}, "password": {password}})
	}
	s.form = tokenField.FindStringSubmatch(s.gets("/console/"))[1]
}

func (s *storm) gets(path string) string {
	s.t.Helper()
	got, err := s.agent.Get(s.base + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

// comesBackFromAlipay as the holder of an account does who has agreed.
func (s *storm) comesBackFromAlipay() {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+grantBack+"?state=s&auth_code="+url.QueryEscape(s.Name), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: grantCookie, Value: "s.G1"})
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	got.Body.Close()
}

// sends a form as the agent's browser does.
func (s *storm) sends(path string, form url.Values) {
	s.t.Helper()
	got, err := s.agent.PostForm(s.base+path, form)
	if err != nil {
		s.t.Fatal(err)
	}
	got.Body.Close()
}

// presses a button of the desk.
func (s *storm) presses(path, text string) {
	s.t.Helper()
	s.sends(path, url.Values{"token": {s.form}, "nonce": {rand.Text()}, "text": {text}, "why": {text}, "ref": {"S1"}, "number": {"V1"}, "seen": {"0"}, "verdict": {"right"}})
}

// uploads a file as a statement.
func (s *storm) uploads(file string) {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "statement.csv")
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err = errors.Join(err, form.WriteField("token", s.form), form.Close()); err != nil {
		s.t.Fatal(err)
	}
	got, err := s.agent.Post(s.base+"/console/bank/statements", form.FormDataContentType(), &body)
	if err != nil {
		s.t.Fatal(err)
	}
	got.Body.Close()
}
