package desk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// town is every partner at once. It keeps books by the numbers it is given:
// what comes twice under one number is one thing to it.
type town struct {
	mu       sync.Mutex
	texts    []flows.OneTime
	calls    []flows.OneTime
	warned   []string        // numbers that were told that they are old
	faces    map[string]bool // our number → passed
	bills    map[string]flows.Fen
	paid     map[string]bool
	closed   map[string]bool
	parcels  map[string]flows.Recipient
	said     []string
	credits  []flows.Credit
	sent     map[string]flows.Payout
	holders  map[string]flows.Holder // by code of their log-in, each good once
	match    flows.Match             // what the register says
	looked   int                     // how often it was asked
	misnamed bool                    // whether it has codes under another name
	lookedUp int                     // how often it was asked for that
	held     map[string]flows.Person // by mobile, and by card and mobile
	asked    int                     // comparisons of factors
	printed  map[string]string       // what is on each picture; nobody can read any other
	returned bool                    // whether the bank sends payouts back
	onQR     func(number string)     // called while QR is being answered
	unspoken error                   // what Say answers
	branches []flows.Branch          // of a provider's list; none, when nil
	unlisted error                   // what Branches answers
	searched int                     // how often
	scenes   []string                // that codes were made for
	shut     error                   // what Open answers
	away     flows.Ways              // that nobody can go
}

func newTown() *town {
	return &town{
		faces: map[string]bool{}, bills: map[string]flows.Fen{}, paid: map[string]bool{}, closed: map[string]bool{},
		parcels: map[string]flows.Recipient{}, sent: map[string]flows.Payout{}, holders: map[string]flows.Holder{},
	}
}

func (w *town) gone() flows.Ways {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.away
}

func (w *town) Code(_ context.Context, code flows.OneTime) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, code)
	return nil
}

func (w *town) Call(_ context.Context, code flows.OneTime) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, code)
	return nil
}

func (w *town) Read(_ context.Context, picture flows.Secret) (flows.Secret, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, ok := w.printed[picture.Reveal()]
	if !ok {
		return flows.Secret{}, errors.New("no picture")
	}
	return flows.Conceal(text), nil
}

// Open is the [desk.Door] of every channel.
func (w *town) Open(_ context.Context, scene string, _ time.Duration) (url, picture flows.Secret, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shut != nil {
		return flows.Secret{}, flows.Secret{}, w.shut
	}
	w.scenes = append(w.scenes, scene)
	return flows.Conceal("https://door.example/" + scene), flows.Conceal("https://door.example/" + scene + ".png"), nil
}

func (w *town) Moved(_ context.Context, mobile flows.Secret, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warned = append(w.warned, mobile.Reveal())
	return nil
}

func (w *town) Branches(context.Context, flows.BranchQuery) ([]flows.Branch, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.searched++
	if w.branches == nil && w.unlisted == nil {
		return nil, desk.ErrUnknown
	}
	return w.branches, w.unlisted
}

func (w *town) code() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.texts) == 0 {
		return ""
	}
	return w.texts[len(w.texts)-1].Code.Reveal()
}

func (w *town) Begin(_ context.Context, number string, _ flows.Person) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, begun := w.faces[number]; !begun {
		w.faces[number] = false
	}
	return number, nil
}

func (w *town) Page(id string) (string, error) { return "https://alipay.test/" + id, nil }

func (w *town) Result(_ context.Context, id string) (flows.FaceState, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faces[id] {
		return flows.FacePassed, nil
	}
	return flows.FacePending, nil
}

func (w *town) passFaces() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for number := range w.faces {
		w.faces[number] = true
	}
}

func (w *town) QR(_ context.Context, b flows.Bill) (string, error) {
	w.mu.Lock()
	w.bills[b.Number] = b.Amount
	during := w.onQR
	w.mu.Unlock()
	if during != nil {
		during(b.Number)
	}
	return "https://qr.alipay.test/" + b.Number, nil
}

func (w *town) Order(_ context.Context, b flows.Bill, _ string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bills[b.Number] = b.Amount
	return "trade" + b.Number, nil
}

func (w *town) Query(_ context.Context, number string) (flows.Trade, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := flows.Trade{Number: number, State: flows.TradeOpen, Amount: w.bills[number]}
	if w.paid[number] {
		t.State, t.No, t.At = flows.TradePaid, "T"+number, time.Now()
	} else if w.closed[number] {
		t.State = flows.TradeClosed
	}
	return t, nil
}

func (w *town) Close(_ context.Context, number string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed[number] = true
	return nil
}

// pay pays every open bill and returns what a notification would say.
func (w *town) pay() []flows.Trade {
	w.mu.Lock()
	defer w.mu.Unlock()
	var trades []flows.Trade
	for number, amount := range w.bills {
		if !w.closed[number] {
			w.paid[number] = true
			trades = append(trades, flows.Trade{Number: number, State: flows.TradePaid, Amount: amount, No: "T" + number, At: time.Now()})
		}
	}
	return trades
}

func (w *town) Book(_ context.Context, p flows.Parcel) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.parcels[p.Number] = p.To
	return fmt.Sprintf("SF%013d", len(w.parcels)), nil
}

func (w *town) Track(context.Context, string) ([]flows.Scan, error) { return nil, nil }

func (w *town) Credits(context.Context, time.Time) ([]flows.Credit, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.credits), nil
}

func (w *town) Pay(_ context.Context, p flows.Payout) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[p.Number] = p
	return nil
}

func (w *town) PaidOut(context.Context, string) (flows.PayoutState, string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.returned {
		return flows.PayoutReturned, "银行退回。", nil
	}
	return flows.PayoutArrived, "", nil
}

func (w *town) Authorise(back, state string) string {
	return "https://login.alipay.test/?back=" + back + "&state=" + state
}

func (w *town) AuthoriseAs(verify, back, state string) string {
	return w.Authorise(back, state) + "&as=" + verify
}

func (w *town) Holder(_ context.Context, code string) (flows.Holder, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	holder, known := w.holders[code]
	if !known {
		return holder, &flows.RefusedError{Partner: "alipay", Code: "isv.code-invalid", Public: "登录已过期。"}
	}
	delete(w.holders, code)
	return holder, nil
}

func (w *town) Prepare(_ context.Context, who flows.Person) (string, error) {
	return "is " + who.Name.Reveal(), nil
}

func (w *town) Same(ctx context.Context, code, verify string) (bool, error) {
	holder, err := w.Holder(ctx, code)
	return err == nil && verify == "is "+holder.Name.Reveal(), err
}

func (w *town) Represents(context.Context, flows.Organisation, flows.Person) (flows.Match, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looked++
	return w.match, nil
}

// Differs is what the register says of a name: nothing, unless told.
func (w *town) Differs(context.Context, flows.Organisation) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookedUp++
	return w.misnamed, nil
}

func (w *town) lookUps() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lookedUp
}

// misnames lets the register have every code under another name.
func (w *town) misnames() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.misnamed = true
}

// logsIn lets the holder of an account agree, and returns the code.
func (w *town) logsIn(h flows.Holder) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	code := fmt.Sprintf("code-%d", len(w.holders))
	w.holders[code] = h
	return code
}

func (w *town) registers(m flows.Match) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.match = m
}

// payouts is what was sent to companies.
func (w *town) payouts() (all []flows.Payout) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.sent {
		all = append(all, p)
	}
	return all
}

func (w *town) Say(_ context.Context, _ desk.Listener, say flows.Say) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unspoken != nil {
		return w.unspoken
	}
	for _, r := range say.Replies {
		w.said = append(w.said, r.Text)
	}
	return nil
}

func (w *town) books() (bills, parcels, texts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.bills), len(w.parcels), len(w.texts)
}

// Holds knows who holds a mobile, or a card with it.
func (w *town) Holds(_ context.Context, who flows.Person, mobile, card flows.Secret) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	return w.held[card.Reveal()+mobile.Reveal()] == who, nil
}

func (w *town) registered(mobile, card string, who flows.Person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		w.held = map[string]flows.Person{}
	}
	w.held[card+mobile] = who
}
