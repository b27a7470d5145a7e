package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The whole way, as somebody sees it who has only the world's page and a
// mouse. With CERTDESK_ARTIFACTS set to a directory, each stage is kept there
// as a picture at a desk's width, and the WeChat telephone at a phone's.

func TestAPersonClicksTheWholeWay(t *testing.T) {
	v, people := visits(t, "person")
	end := v.opensTheWorld()
	v.registers(people[0])
	v.provesToBe()
	v.orders()
	v.receives()
	v.activates()
	end()
}

const (
	deskWide, deskHigh   = 1280, 860 // pixels
	phoneWide, phoneHigh = 390, 844
)

// visits starts a browser and the whole demo, and tells who lives in its world.
func visits(t *testing.T, journey string) (*visitor, []resident) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the whole demo and a browser; left out with -short")
	}
	tab := chromium(t)
	v := &visitor{demo: startDemo(t), tab: tab, journey: journey}
	var people []resident
	v.get("/world/people", &people)
	return v, people
}

// opensTheWorld goes to the world's page, and listens to the browser from then
// on, until the test calls what it returns.
func (v *visitor) opensTheWorld() (end func()) {
	v.t.Helper()
	end = v.listens()
	v.clicks("the world", chromedp.EmulateViewport(deskWide, deskHigh), chromedp.Navigate("http://"+v.world+"/"))
	return end
}

func chromium(t *testing.T) context.Context {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = cmp.Or(found, path)
		}
	}
	if found == "" {
		t.Skip("Chromium is absent: apt-get install chromium fonts-noto-cjk")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil { // the browser lives as long as this context
		t.Fatalf("chromium does not start: %v", err)
	}
	return tab
}

// visitor is somebody at the world's page. What is looked for is given as
// XPath, which finds it in the pages inside the telephones as well.
type visitor struct {
	*demo
	tab      context.Context
	journey  string // what its pictures are called
	pictures int

	scriptless bool // the browser runs no script: nothing moves, and nobody tells when a frame is drawn
}

// listens tells what the browser complains about, in the page and in the pages
// inside it. The function that it returns waits until all has been told; the
// page itself says which complaint was the last, because a stream that is
// cancelled may drop some.
func (v *visitor) listens() func() {
	const over = "that was all"
	complaints := chromedp.Console(v.tab)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for c, err := range complaints {
			if err != nil || c.Text == over {
				return
			}
			framed := strings.Contains(c.Text, "Blocked autofocusing") // in WeChat itself a page is in no frame
			if c.Text != "" && !framed {
				v.t.Errorf("the browser's console says %s (%s:%d)", c, c.URL, c.Line+1)
			}
		}
	}()
	v.t.Cleanup(func() { <-told })
	return func() {
		v.clicks("close the console", chromedp.Evaluate[chromedp.Void](fmt.Sprintf("console.debug(%q)", over)))
		<-told
	}
}

// clicks does some steps, in bounded time.
func (v *visitor) clicks(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.photographs("broken")
		log, _ := os.ReadFile(filepath.Join(v.data, "demo.log"))
		v.t.Fatalf("%s: %v\n%s\n%s", what, err, v.tells(), tail(log, 4000))
	}
}

// presses clicks the middle of something with the mouse, once it is in view,
// stands still and nothing covers it.
func (v *visitor) presses(path string) {
	v.t.Helper()
	v.clicks("press "+path, v.onceReady(path, func(n *chromedp.Node) chromedp.Action[chromedp.Void] { return chromedp.MouseClickNode(n) }))
}

// types writes in the place of whatever a field holds.
func (v *visitor) types(path, text string) {
	v.t.Helper()
	v.clicks("type into "+path,
		v.onceReady(path, func(n *chromedp.Node) chromedp.Action[chromedp.Void] {
			return chromedp.MouseClickNode(n, chromedp.ClickCount(3)) // selects it all
		}),
		chromedp.KeyEvent(text))
}

// selects types what the option of a list begins with.
func (v *visitor) selects(path, option string) {
	v.t.Helper()
	chosen := chromedp.QueryAfter(chromedp.Search(path), func(ctx context.Context, target *chromedp.Target, nodes []*chromedp.Node) (chromedp.Void, error) {
		text, err := asked[string](ctx, target, nodes[0], `function() { return this.selectedOptions[0]?.text ?? ""; }`)
		if err == nil && !strings.HasPrefix(text, option) {
			err = fmt.Errorf("%q is selected", text)
		}
		return chromedp.Void{}, err
	})
	v.clicks("select "+option, chromedp.WaitReady(chromedp.Search(path+"/option["+begins(option)+"]")), chromedp.Focus(chromedp.Search(path)), chromedp.KeyEvent(option), chosen)
}

func begins(text string) string { return fmt.Sprintf("starts-with(., %q)", text) }

// reading is a property of something that can be seen.
func (v *visitor) reading(path, property string) (text string) {
	v.t.Helper()
	v.clicks("read "+path, onceThere(path, func(ctx context.Context, target *chromedp.Target, n *chromedp.Node) (err error) {
		text, err = asked[string](ctx, target, n, fmt.Sprintf(`function() { return String(this[%q]); }`, property))
		return err
	}))
	return text
}

// sees waits until something can be seen.
func (v *visitor) sees(path string) {
	v.t.Helper()
	v.clicks("see "+path, chromedp.WaitVisible(chromedp.Search("("+path+")[last()]")))
}

// still tells when an element can be clicked. It ends with false when the
// element leaves the page meanwhile, as on a page that refreshes itself.
const still = `async function() {
	let before = "";
	while (this.isConnected) {
		this.scrollIntoView({block: "nearest"}); // what comes meanwhile may push it away
		await new Promise(requestAnimationFrame);
		const r = this.getClientRects()[0];
		const now = r ? [r.x, r.y, r.width, r.height].join() : "";
		const top = r && document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
		if (now && now === before && !this.disabled && (this.contains(top) || top?.contains(this))) return true;
		before = now;
	}
	return false;
}`

// onceReady acts on the last element of a path when that can be clicked.
func (v *visitor) onceReady(path string, act func(*chromedp.Node) chromedp.Action[chromedp.Void]) chromedp.Action[chromedp.Void] {
	return onceThere(path, func(ctx context.Context, target *chromedp.Target, n *chromedp.Node) error {
		if !v.scriptless {
			if ready, err := asked[bool](ctx, target, n, still); err != nil || !ready {
				return errors.Join(err, errGone)
			}
		}
		_, err := act(n)(ctx, target)
		return err
	})
}

var errGone = errors.New("it has left the page")

// onceThere does something with the last element of a path that can be seen: it
// looks for it again when that fails, because the page may be another by then.
func onceThere(path string, do func(context.Context, *chromedp.Target, *chromedp.Node) error) chromedp.Action[chromedp.Void] {
	find := chromedp.Nodes(chromedp.Search("("+path+")[last()]"), chromedp.NodeVisible)
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for {
			nodes, err := find(ctx, target)
			if err != nil {
				return err
			}
			if err = do(ctx, target, nodes[0]); err == nil || ctx.Err() != nil {
				return err
			}
		}
	})
}

// asked calls a function of the page with an element as its subject.
func asked[T any](ctx context.Context, target *chromedp.Target, n *chromedp.Node, function string) (answer T, err error) {
	found, err := cdp.Call(ctx, target, dom.ResolveNode, dom.ResolveNodeParams{NodeID: n.NodeID})
	if err != nil {
		return answer, err
	}
	await := true
	return chromedp.CallFunctionOn[T](function, func(p *runtime.CallFunctionOnParams) {
		p.ObjectID, p.AwaitPromise = found.Object.ObjectID, &await
	})(ctx, target)
}

// photographs keeps the page as it looks now: at a desk, and the WeChat
// telephone on a phone.
func (v *visitor) photographs(stage string) {
	v.t.Helper()
	dir := os.Getenv("CERTDESK_ARTIFACTS")
	if dir == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	v.pictures++
	ctx, cancel := context.WithTimeout(v.tab, patience)
	defer cancel()
	rest := atRest
	if v.scriptless {
		rest = chromedp.Steps()
	}
	for _, size := range [][2]int64{{phoneWide, phoneHigh}, {deskWide, deskHigh}} { // ends as it began
		var image []byte
		err := chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), rest, chromedp.Func(func(ctx context.Context, target *chromedp.Target) (err error) {
			image, err = chromedp.CaptureScreenshot()(ctx, target)
			return err
		}))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s-%d.png", v.journey, v.pictures, stage, size[0])), image, 0o644)
		}
		if err != nil {
			v.t.Errorf("picture of %s: %v", stage, err)
		}
	}
}

// atRest is when everything that moves has come and been drawn.
var atRest = chromedp.Poll[chromedp.Void](`document.getAnimations().every((a) => a.playState === "finished") &&
	new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))`)

// Where things are on the world's page and in the service's pages.

const (
	onPage   = `//article[contains(@class, "card") and not(ancestor::section)]` // of the service's pages
	inChat   = `//div[@id="wechat-lines"]//div[contains(@class, "bubble")]`
	sendPage = onPage + `//button[contains(@class, "main")]`
	shutPage = `//div[@id="wechat-page"]//button[@data-close]`
	inAlipay = `//div[@id="alipay-task"]`
)

// field is where something is typed on the page.
func field(name string) string { return onPage + fmt.Sprintf(`//input[@name=%q]`, name) }

func saying(text string) string { return fmt.Sprintf(`[contains(., %q)]`, text) }

// hears waits for words of the account in the chat, whose newest line must be
// in sight.
func (v *visitor) hears(text string) {
	v.t.Helper()
	v.sees(inChat + saying(text))
	v.clicks("scroll to "+text, newest)
}

var newest = chromedp.Poll[chromedp.Void](`document.querySelector("#wechat-lines > :last-child").getBoundingClientRect().bottom <=
	document.querySelector("#wechat-chat").getBoundingClientRect().bottom`)

// reads waits for words on the page inside the WeChat telephone.
func (v *visitor) reads(text string) {
	v.t.Helper()
	v.sees(onPage + saying(text))
}

// picks taps a choice in the newest message that has it.
func (v *visitor) picks(label string) {
	v.t.Helper()
	v.presses(inChat + `//button` + saying(label))
}

// chooses presses a button on the page inside the WeChat telephone.
func (v *visitor) chooses(label string) {
	v.t.Helper()
	v.presses(onPage + `//button[@name="_choice"]` + saying(label))
}

// fillsIn lets the world answer the page with the person's own data.
func (v *visitor) fillsIn() {
	v.t.Helper()
	v.presses(`//*[@id="wechat-fill"]`)
}

func (v *visitor) registers(who resident) {
	v.t.Helper()
	v.sees(`//*[@id="wechat-follow"]`)
	v.photographs("hello")
	v.presses(`//*[@id="wechat-follow"]`)
	v.hears("请问要办理哪一种证书")
	v.photographs("welcome")
	v.picks("个人证书")
	v.hears("登录名和手机号码")
	v.photographs("register")
	v.presses(inChat + `//button[contains(@class, "page")]`)
	v.sees(sendPage)
	v.photographs("register-page")
	v.types(field("login"), "not a login")
	v.types(field("mobile"), who.Mobile)
	v.presses(sendPage)
	v.reads("登录名请填手机号码或邮箱")
	v.photographs("register-refused")
	v.types(field("login"), who.Login)
	v.presses(sendPage)
	v.sees(field("code"))
	v.sees(`//*[@id="sms-list"]//button` + saying("复制"))
	v.photographs("code-page")
	v.fillsIn()
	v.reads("账号已注册好")
	v.photographs("registered-page")
	v.presses(shutPage)
	v.hears("账号已注册好")
	v.photographs("registered")
	v.picks("立即实名")
}

func (v *visitor) provesToBe() {
	v.t.Helper()
	v.hears("人脸识别")
	v.photographs("consent")
	v.picks("同意并继续")
	v.hears("姓名和身份证号")
	v.presses(inChat + saying("姓名和身份证号") + `//button[contains(@class, "page")]`)
	v.sees(sendPage)
	v.photographs("identity-page")
	v.fillsIn()
	v.sees(onPage + `//section[contains(@class, "code")]//img`)
	v.photographs("face-page")
	v.presses(`//*[@id="alipay-look"]`)
	v.sees(inAlipay + `//button` + saying("本人刷脸"))
	v.photographs("face")
	v.presses(inAlipay + `//button` + saying("本人刷脸"))
	v.sees(inAlipay + saying("刷脸通过"))
	v.photographs("face-passed")
	v.presses(inAlipay + `//button` + saying("完成"))
	v.reads("实名认证已")
	v.photographs("proved-page")
}

func (v *visitor) orders() {
	v.t.Helper()
	v.chooses("购买") // on the page that has led on
	v.sees(sendPage)
	v.photographs("invoice-page")
	v.fillsIn()
	v.sees(field("addr"))
	v.photographs("address-page")
	v.fillsIn()
	v.reads("请核对订单")
	v.photographs("confirm-page")
	v.chooses("确认并付款")
	v.sees(onPage + `//section[contains(@class, "code")]//img`)
	v.photographs("pay-page")
	v.presses(`//*[@id="alipay-look"]`)
	v.sees(inAlipay + `//button` + saying("确认付款"))
	v.photographs("pay")
	v.presses(inAlipay + `//button` + saying("确认付款"))
	v.sees(inAlipay + saying("已付款"))
	v.presses(shutPage)
	v.hears("已收到您的付款")
	v.photographs("paid")
}

// receives moves the parcel on, stage by stage, until it has arrived.
func (v *visitor) receives() {
	v.t.Helper()
	const parcel = `//*[@id="courier-list"]//article`
	for _, stage := range []string{"揽收", "运输", "派送", "签收"} {
		v.presses(parcel + `//button` + saying("往前走一步"))
		v.sees(parcel + `//li[@class="done"]` + saying(stage))
	}
	v.hears("UKey 已送达")
	v.photographs("received")
}

// activates runs the real tool on the PC and answers what it asks.
func (v *visitor) activates() {
	v.t.Helper()
	v.types(`//form[@id="wechat-say"]//input`, "开始激活")
	v.presses(`//form[@id="wechat-say"]//button`)
	v.hears("只能用一次")
	needsToken(v.t)
	v.presses(`//*[@id="pc-insert"]`)
	v.sees(`//*[@id="pc-state"]` + saying("已插入"))
	v.photographs("ticket")
	v.presses(`//*[@id="pc-run"]//button`)
	for _, answer := range []string{"是，正确", "短信", "111111", "不修改"} {
		v.presses(`//*[@id="pc-offers"]/button` + saying(answer))
	}
	v.hears("证书已激活")
	v.sees(`//*[@id="pc-state"]` + saying("证书工具已完成"))
	v.sees(`//*[@id="ca-list"]//article[2]`)
	v.photographs("activated")
}

// needsToken skips the rest where no token can be made or no tool be built.
func needsToken(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("softhsm2-util"); err != nil {
		t.Skip("softhsm2 is absent, the PC cannot have a UKey: apt-get install softhsm2")
	}
	for _, name := range []string{"gcc", "clang", "cc"} {
		if _, err := exec.LookPath(name); err == nil {
			return
		}
	}
	t.Skip("a C compiler is absent, the PC cannot build the tool: apt-get install gcc libc6-dev")
}
