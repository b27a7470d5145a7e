package ledger

// The ledger under the suites of its ports, and what only its own tables can
// show: that a crash leaves all or nothing, and that nothing personal rests in
// clear.

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/ledger/ledgertest"
	"certdesk/server/sealed"
)

var noon = desktest.Noon

func TestMain(m *testing.M) { os.Exit(ledgertest.Main(m)) }

// The databases that a ledger can be on. A test runs on each, in a subtest with
// its name.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgresql"
)

func onEach(t *testing.T, test func(*testing.T)) {
	t.Helper()
	for _, database := range []string{onSQLite, onPostgres} {
		t.Run(database, test)
	}
}

// fresh is the address of an empty database of the kind that the test is on.
func fresh(t *testing.T) string {
	t.Helper()
	if !slices.Contains(strings.Split(t.Name(), "/"), onPostgres) {
		return "sqlite:" + filepath.Join(t.TempDir(), "led ger?.db")
	}
	return ledgertest.Database(t, "ledger", func(dsn string) error {
		_, err := Migrate(context.Background(), Config{DSN: dsn}, Newest)
		return err
	})
}

func config(t *testing.T) Config { t.Helper(); return configOn(t, fresh(t)) }

func configOn(t *testing.T, dsn string) Config {
	t.Helper()
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		DSN: dsn, Keys: keys,
		PublicURL: "https://desk.example", Log: slog.New(slog.DiscardHandler),
	}
}

func openWith(t *testing.T, cfg Config) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

func open(t *testing.T) *Ledger { t.Helper(); return openWith(t, config(t)) }

func TestBook(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Book(t, func(t *testing.T) desktest.Booking { return open(t) })
	})
}

func TestAccounts(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Accounts(t, func(t *testing.T) desktest.Registry { return open(t) })
	})
}

func TestChecks(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Checks(t, func(t *testing.T) desktest.Proving { return open(t) })
	})
}

func TestHelpdesk(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Helpdesk(t, func(t *testing.T) desktest.Helping { return open(t) })
	})
}

func TestOpenRefusesOtherDatabases(t *testing.T) {
	for _, dsn := range []string{"", "sqlite:", "mysql://localhost/certdesk", "ledger.db"} {
		if _, err := Open(t.Context(), Config{DSN: dsn}); !errors.Is(err, ErrDSN) {
			t.Errorf("Open(%q) = %v, want ErrDSN", dsn, err)
		}
	}
}

func TestReopenKnowsEverything(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cfg := config(t)
		first, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		talk := desktest.NewTalk(t, first, "oA")
		desktest.Save(t, first, talk, "e1", flows.PersonPage, "name", "张三")
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := openWith(t, cfg)
		if again := desktest.NewTalk(t, second, "oA"); again != talk {
			t.Errorf("Talk after a restart = %s, want %s", again, talk)
		}
		if got := desktest.Facts(t, second, talk).Form.Text(flows.KeyName); got != "张三" {
			t.Errorf("name after a restart = %q", got)
		}
	})
}

func TestCrashLeavesAllOrNothing(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		crash := errors.New("the process dies before the commit")
		err := l.tx(t.Context(), func(ctx context.Context, tx txn) error {
			return errors.Join(
				l.enter(ctx, tx, desk.Pending{Ref: desktest.Ref(talk, "e1"), Effect: flows.VerifyFace{}, At: noon}),
				l.report(ctx, tx, "r1", talk, flows.FaceNotYet{}, noon),
				l.learned(ctx, tx, talk, flows.FaceDone{}, noon),
				crash,
			)
		})
		if !errors.Is(err, crash) {
			t.Fatalf("tx = %v, want the crash", err)
		}
		if n := jobs(t, l); n != 0 {
			t.Errorf("%d jobs after a crash, want 0", n)
		}
		if f := desktest.Facts(t, l, talk); f.Begun || len(f.Form) > 0 {
			t.Errorf("Facts after a crash = %+v, want none", f)
		}
		desktest.NotReported(t, l, "r1")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		if n := jobs(t, l); n != 1 {
			t.Errorf("%d jobs after entering again, want 1", n)
		}
	})
}

// jobs counts the jobs that are not finished.
func jobs(t *testing.T, l *Ledger) int {
	t.Helper()
	var n int
	if err := l.db.NewRaw("SELECT COUNT(*) FROM river_job WHERE finalized_at IS NULL").Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingPersonalRestsInClear(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cfg := config(t)
		l := openWith(t, cfg)
		const name, number, mobile, openid, words = "欧阳测试", "11010519491231002X", "13800138000", "oOPENIDxyz", "您好欧阳"
		talk := desktest.NewTalk(t, l, openid)
		desktest.Save(t, l, talk, "e1", flows.PersonPage, "name", name, "id", number, "mobile", mobile, "login", mobile)
		desktest.Enter(t, l, talk, "e2", flows.Say{Replies: []flows.Reply{{Text: words}}})
		code, err := l.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c1", noon)
		if err != nil {
			t.Fatal(err)
		}
		desktest.Save(t, l, talk, "e3", flows.RegisterPerson, "password", "$argon2id$secret", "code", code.Code.Reveal())
		if err := l.Register(t.Context(), desktest.Ref(talk, "e4"), noon); err != nil {
			t.Fatal(err)
		}
		if got := desktest.Answer(t, l, desktest.Ref(talk, "e4")); got.Kind() != flows.KindRegistered {
			t.Fatalf("Register reports %#v", got)
		}
		check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "e5"), flows.WayFace, noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.CheckEnded(t.Context(), check.Number, desk.CheckEnd{State: flows.FacePassed}, noon); err != nil {
			t.Fatal(err)
		}
		if err := l.Archive(t.Context(), desk.Passage{Talk: talk, Mark: "1-0", Lines: []desk.Line{{Who: desk.WhoBot, Text: words}}}); err != nil {
			t.Fatal(err)
		}
		stored := atRest(t, l)
		if !bytes.Contains(stored, []byte(talk)) {
			t.Fatal("the files do not hold the talk: this test looks in the wrong place")
		}
		for _, secret := range []string{name, number, mobile, openid, words, `"` + code.Code.Reveal() + `"`} {
			if bytes.Contains(stored, []byte(secret)) {
				t.Errorf("the database holds %q in clear", secret)
			}
		}
	})
}

// atRest is everything that the database holds: the files of SQLite with their
// log, or every row of every table.
func atRest(t *testing.T, l *Ledger) []byte {
	t.Helper()
	if path, ok := strings.CutPrefix(l.cfg.DSN, "sqlite:"); ok {
		return files(t, path)
	}
	var tables []string
	err := l.read.NewRaw("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'").Scan(t.Context(), &tables)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, table := range tables {
		var rows []string
		if err := l.read.NewRaw("SELECT r::text FROM ? AS r", bun.Ident(table)).Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Join(rows, "\n")...)
	}
	return all
}

func files(t *testing.T, path string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	return all
}

func TestWhatIsDoneIsForgotten(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.Say{Replies: []flows.Reply{{Text: "您好"}}})
		if err := l.Done(t.Context(), desktest.Ref(talk, "e1"), noon); err != nil {
			t.Fatal(err)
		}
		if err := l.Report(t.Context(), "r1", talk, flows.FaceDone{Name: flows.Conceal("张三")}, noon); err != nil {
			t.Fatal(err)
		}
		if err := l.Accepted(t.Context(), "r1", noon); err != nil {
			t.Fatal(err)
		}
		var left []string
		if err := l.db.NewRaw("SELECT sealed FROM effect UNION SELECT sealed FROM report").Scan(t.Context(), &left); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(left, []string{""}) {
			t.Errorf("%d sealed bodies are left, want none", len(left))
		}
	})
}

func TestSealedValuesStayInTheirRow(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		one, other := desktest.NewTalk(t, l, "oA"), desktest.NewTalk(t, l, "oB")
		desktest.Save(t, l, one, "e1", flows.PersonPage, "name", "张三")
		desktest.Save(t, l, other, "e1", flows.PersonPage, "name", "李四")
		_, err := l.db.NewRaw("UPDATE page SET sealed = (SELECT sealed FROM page WHERE talk = ?) WHERE talk = ?", one, other).Exec(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Facts(t.Context(), other); !errors.Is(err, sealed.ErrSealed) {
			t.Errorf("Facts with somebody else's page = %v, want ErrSealed", err)
		}
	})
}

func TestConsentNamesTheText(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		doc := flows.Agreements()[0]
		desktest.Enter(t, l, talk, "e1",
			flows.Agree{Document: doc.ID, Version: doc.Version, Via: flows.WeChat, At: noon},
			flows.Agree{Document: doc.ID, Version: "1999-01-01", Via: flows.WeChat, At: noon})
		var rows []consentRow
		if err := l.read.NewSelect().Model(&rows).Order("version").Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(rows) != 2 || rows[0].SHA256 != "" || len(rows[1].SHA256) != 64 || rows[1].At != noon.UnixMilli() {
			t.Errorf("consents = %+v, want the hash of the text that we have, and none of the other", rows)
		}
	})
}

func TestIdentitiesBeginWithTheLastUsed(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.NewTalk(t, l, "unrelated")
		if _, err := l.Talk(t.Context(), desk.Identity{Channel: flows.Alipay, ID: "2088"}); err != nil {
			t.Fatal(err)
		}
		if _, err := l.db.NewRaw("UPDATE identity SET talk = ? WHERE channel = 'alipay'", talk).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i, via := range []flows.Channel{flows.WeChat, flows.Alipay, flows.WeChat} {
			desktest.Enter(t, l, talk, string(rune('a'+i)), flows.Agree{Document: "duty", Via: via, At: noon})
			got, err := l.Identities(t.Context(), talk)
			if err != nil || len(got) != 2 || got[0].Channel != via {
				t.Errorf("Identities after %s = %v, %v, want it first", via, got, err)
			}
		}
	})
}

func TestHurryDividesDeadlines(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Hurry = 60
		l := openWith(t, cfg)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Save(t, l, talk, "e1", flows.PersonPage, "name", "张三", "id", "11010519491231002X", "mobile", "13800138000")
		check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "e2"), flows.WayFace, noon)
		if err != nil || !check.Until.Equal(noon.Add(23*time.Minute)) {
			t.Errorf("OpenCheck until %s, %v, want 23 minutes", check.Until, err)
		}
		if _, err := l.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c1", noon); err != nil {
			t.Fatal(err)
		}
		if _, err := l.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c2", noon.Add(900*time.Millisecond)); err == nil {
			t.Error("NewCode within a second = nil, want a refusal")
		}
		if _, err := l.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c3", noon.Add(time.Second)); err != nil {
			t.Errorf("NewCode a second later: %v, want a minute to be one second", err)
		}
	})
}

func TestProviderOf(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Save(t, l, talk, "e1", flows.PersonPage, "name", "张三", "id", "11010519491231002X")
		check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "e2"), flows.WayFace, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.ProviderOf(t.Context(), check.Number, noon); !errors.Is(err, desk.ErrUnknown) {
			t.Errorf("ProviderOf before it is opened = %v, want ErrUnknown", err)
		}
		check.Provider = "certify-1"
		if err := l.CheckOpened(t.Context(), desktest.Ref(talk, "e2"), check, noon); err != nil {
			t.Fatal(err)
		}
		if got, err := l.ProviderOf(t.Context(), check.Number, noon); got != "certify-1" || err != nil {
			t.Errorf("ProviderOf = %q, %v", got, err)
		}
		if _, err := l.ProviderOf(t.Context(), check.Number, check.Until); !errors.Is(err, desk.ErrExpired) {
			t.Errorf("ProviderOf too late = %v, want ErrExpired", err)
		}
	})
}

func TestStaff(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		li := Staff{Name: "li", Display: "小李", Role: RoleAgent}
		password := flows.Conceal("correct horse 1")
		if err := l.AddStaff(t.Context(), li, password, noon); err != nil {
			t.Fatalf("AddStaff: %v", err)
		}
		if err := l.AddStaff(t.Context(), Staff{Name: "li", Role: RoleSupervisor}, flows.Conceal("x"), noon); !errors.Is(err, desk.ErrUsed) {
			t.Errorf("AddStaff under a taken name = %v, want ErrUsed", err)
		}
		if got, err := l.VerifyStaff(t.Context(), "li", password); err != nil || got != li {
			t.Errorf("VerifyStaff = %+v, %v, want %+v", got, err, li)
		}
		for _, name := range []string{"li", "nobody"} {
			if _, err := l.VerifyStaff(t.Context(), name, flows.Conceal("wrong")); !errors.Is(err, desk.ErrWrong) {
				t.Errorf("VerifyStaff(%s, wrong) = %v, want ErrWrong", name, err)
			}
		}
	})
}

// TestTranscript archives two talks together: of rivals one writes, a talk that
// somebody else has archived meanwhile does not hold up the other, and a passage
// without lines changes nothing.
func TestTranscript(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		ctx := t.Context()
		a, b := desktest.NewTalk(t, l, "oA"), desktest.NewTalk(t, l, "oB")
		lines := []desk.Line{{At: noon, Who: desk.WhoApplicant, Text: "你好"}, {At: noon, Who: desk.WhoBot, Text: "您好"}}
		errs := desktest.Together(func(int) error {
			return l.Archive(ctx, desk.Passage{Talk: a, Mark: "2-0", Lines: lines}, desk.Passage{Talk: b, Mark: "1-0", Lines: lines[:1]})
		})
		if n := desktest.Count(errs, nil); n != desktest.Rivals {
			t.Errorf("%d of %d rivals archived without an error: %v", n, desktest.Rivals, errs)
		}
		if err := l.Archive(ctx,
			desk.Passage{Talk: a, After: "1-0", Mark: "9-0", Lines: lines}, // stale
			desk.Passage{Talk: b, After: "1-0", Mark: "2-0", Lines: lines[1:]},
			desk.Passage{Talk: "nobody", After: "1-0", Mark: "1-0"},
		); err != nil {
			t.Fatal(err)
		}
		marks, err := l.Marks(ctx, []desk.TalkID{a, b, "nobody"})
		if err != nil || !maps.Equal(marks, map[desk.TalkID]string{a: "2-0", b: "2-0"}) {
			t.Errorf("Marks = %v, %v, want 2-0 for both and nothing for nobody", marks, err)
		}
		for _, talk := range []desk.TalkID{a, b} {
			got, err := l.Archived(ctx, talk)
			if err != nil || len(got) != 2 || got[0].Text != "你好" || got[1].Text != "您好" || !got[0].At.Equal(noon) {
				t.Errorf("Archived = %+v, %v, want both lines in order", got, err)
			}
		}
	})
}

// TestArchiveOfTheFirstReleases reads lines that were each sealed by itself.
func TestArchiveOfTheFirstReleases(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		old := transcriptRow{Talk: talk, Seq: 1, At: millis(noon)}
		var err error
		if old.Sealed, err = l.seal(linePlace(old), desk.Line{At: noon, Text: "你好"}); err != nil {
			t.Fatal(err)
		}
		if _, err = l.db.NewInsert().Model(&old).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Archive(t.Context(), desk.Passage{Talk: talk, Mark: "2-0", Lines: []desk.Line{{At: noon, Text: "您好"}, {At: noon, Text: "请问"}}}); err != nil {
			t.Fatal(err)
		}
		got, err := l.Archived(t.Context(), talk)
		if err != nil || len(got) != 3 || got[0].Text != "你好" || got[1].Text != "您好" || got[2].Text != "请问" {
			t.Errorf("Archived = %+v, %v, want three lines in order", got, err)
		}
	})
}

// TestDoublesAreForbidden goes past our code: each rule of "at most one" is a
// constraint, and a second row breaks it.
func TestDoublesAreForbidden(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		other := desktest.NewTalk(t, l, "oB")
		account := func(id string, talk desk.TalkID, login string) any {
			return &accountRow{ID: id, Talk: talk, LoginBlind: login}
		}
		code := func(id, ref string, closed int64) any {
			return &codeRow{ID: id, Ref: ref, Talk: talk, Purpose: "p", ClosedAt: closed}
		}
		check := func(number, state string) any { return &checkRow{Number: number, Talk: talk, State: state} }
		tests := []struct {
			rule               string
			first, second, not any // not is no double
		}{
			{"one talk for an identity", &identityRow{Channel: "c", IDBlind: "x", Talk: talk}, &identityRow{Channel: "c", IDBlind: "x", Talk: other}, &identityRow{Channel: "d", IDBlind: "x", Talk: talk}},
			{"one account for a talk", account("1", talk, "a"), account("2", talk, "b"), account("3", other, "c")},
			{"one account for a login name", account("4", desktest.NewTalk(t, l, "oC"), "d"), account("5", desktest.NewTalk(t, l, "oD"), "d"), account("6", desktest.NewTalk(t, l, "oE"), "e")},
			{"one open code for a purpose", code("1", "r1", 0), code("2", "r2", 0), code("3", "r3", 1)},
			{"one code for a ref", code("4", "r4", 1), code("5", "r4", 1), code("6", "r6", 1)},
			{"one open check", check("F1", checkOpen), check("F2", checkOpen), check("F3", checkExpired)},
			{"one passed check", check("F4", checkPassed), check("F5", checkPassed), check("F6", checkRefused)},
			{"one effect of a name", &effectRow{Talk: talk, Event: "e"}, &effectRow{Talk: talk, Event: "e"}, &effectRow{Talk: talk, Event: "e", Index: 1}},
			{"one report of a name", &reportRow{ID: "r", Talk: talk}, &reportRow{ID: "r", Talk: talk}, &reportRow{ID: "s", Talk: talk}},
			{"one open call", &helpRow{ID: "1", Talk: talk}, &helpRow{ID: "2", Talk: talk}, &helpRow{ID: "3", Talk: talk, AnsweredAt: 1}},
			{"one open grant for a talk", &grantRow{Number: "G1", Talk: talk, State: grantOpen}, &grantRow{Number: "G2", Talk: talk, State: grantOpen}, &grantRow{Number: "G3", Talk: talk, State: grantSpent}},
			{"one live payout for a talk", &payoutRow{Number: "O1", Talk: talk, State: payoutOpen}, &payoutRow{Number: "O2", Talk: talk, State: payoutSent}, &payoutRow{Number: "O3", Talk: talk, State: payoutSpent}},
			{"one line at a place", &transcriptRow{Talk: talk, Seq: 1}, &transcriptRow{Talk: talk, Seq: 1}, &transcriptRow{Talk: talk, Seq: 2}},
			{"one member of staff of a name", &staffRow{Name: "li"}, &staffRow{Name: "li"}, &staffRow{Name: "wang"}},
		}
		for _, tt := range tests {
			for _, row := range []struct {
				row  any
				want bool
			}{{tt.first, true}, {tt.second, false}, {tt.not, true}} {
				err := l.tx(t.Context(), func(ctx context.Context, tx txn) error {
					fresh, err := once(ctx, tx, row.row)
					if fresh != row.want {
						t.Errorf("%s: %T entered: %v, want %v", tt.rule, row.row, fresh, row.want)
					}
					return err
				})
				if err != nil {
					t.Errorf("%s: %v", tt.rule, err)
				}
			}
		}
	})
}
