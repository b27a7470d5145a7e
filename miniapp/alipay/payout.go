package alipay

// Sending money to a company's bank account, so that it can tell how much came.

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

const (
	payoutProduct = "TRANS_BANKCARD_NO_PWD"
	payoutScene   = "DIRECT_TRANSFER"
	payoutTitle   = "账户验证" // what the company reads beside the money
	largestPayout = flows.Fen(1_00)
	payoutAbsent  = "ORDER_NOT_EXIST"
	payoutWords   = "银行没有受理这笔汇款，请核对对公账户的信息后重新提交。"
)

// corporate is an account of a company.
const corporate = "1"

// errKeyMode is what Alipay would say of a transfer without certificates.
var errKeyMode = &flows.RefusedError{Partner: partner, Code: "key mode", Public: "暂时不能由我方汇款，请改为由贵单位汇款。"}

// Pay sends less than a yuan to the account of a company. The same number with
// the same particulars is paid once, however often it is asked for.
//
// A definite no is a [*flows.RefusedError]; after any other error the money may
// be on its way, and Pay may be called again. An application in key mode cannot
// pay.
//
// Source: facts/alipay.md 2.12, alipay.fund.trans.uni.transfer.
func (c *Client) Pay(ctx context.Context, p flows.Payout) error {
	if c.keyMode {
		return errKeyMode
	}
	if !billNumber.MatchString(p.Number) {
		return fmt.Errorf("alipay: payout number %q is not 1 to 64 letters, digits and underscores", clip(p.Number))
	}
	if p.Amount < 1 || p.Amount >= largestPayout {
		return errors.New("alipay: payout is not less than a yuan")
	}
	branch := map[string]string{"inst_name": p.Bank, "account_type": corporate}
	if p.BranchCode != "" {
		branch["bank_code"] = p.BranchCode
	} else {
		branch["inst_province"], branch["inst_city"], branch["inst_branch_name"] = p.Province, p.City, p.Branch
	}
	request := sdk.NewPayload("alipay.fund.trans.uni.transfer").
		AddBizField("out_biz_no", p.Number).
		AddBizField("trans_amount", p.Amount.String()).
		AddBizField("product_code", payoutProduct).
		AddBizField("biz_scene", payoutScene).
		AddBizField("order_title", payoutTitle).
		AddBizField("remark", payoutTitle).
		AddBizField("business_params", `{"withdraw_timeliness":"T0"}`).
		AddBizField("payee_info", map[string]any{
			"identity": p.Account.Reveal(), "identity_type": c.cfg.PayeeType, "name": p.Name.Reveal(),
			"bankcard_ext_info": branch,
		})
	var out payoutAnswer
	if err := c.call(ctx, request, &out); err != nil {
		return err
	}
	if string(out.Number) != p.Number {
		return fmt.Errorf("%s: %w: another payout", request.APIName(), ErrUnclear)
	}
	switch state, why := out.read(); state {
	case flows.PayoutReturned:
		return &flows.RefusedError{Partner: partner, Code: clip(string(out.ErrorCode)), Public: why}
	case "":
		return fmt.Errorf("%s: %w: status %q", request.APIName(), ErrUnclear, clip(string(out.Status)))
	}
	return nil
}

// PaidOut tells how far a payout is, and of one that was not carried out or
// came back, why, in words for the company. What Alipay does not know is moving:
// it may be asked for again.
//
// Source: facts/alipay.md 2.13, alipay.fund.trans.common.query.
func (c *Client) PaidOut(ctx context.Context, number string) (flows.PayoutState, string, error) {
	request := sdk.NewPayload("alipay.fund.trans.common.query").
		AddBizField("product_code", payoutProduct).
		AddBizField("biz_scene", payoutScene).
		AddBizField("out_biz_no", number)
	var out payoutAnswer
	if err := c.send(ctx, request, &out); err != nil {
		return "", "", err
	}
	if out.SubCode == payoutAbsent {
		return flows.PayoutMoving, "", nil
	}
	if err := out.judge(); err != nil {
		return "", "", fmt.Errorf("%s: %w", request.APIName(), err)
	}
	state, why := out.read()
	if string(out.Number) != number || state == "" {
		return "", "", fmt.Errorf("%s: %w: another payout, or status %q", request.APIName(), ErrUnclear, clip(string(out.Status)))
	}
	return state, why, nil
}

// payoutAnswer is not the library's struct: an amount that comes as a number
// fails its decoding.
type payoutAnswer struct {
	verdict
	Number    text `json:"out_biz_no"`
	Status    text `json:"status"`
	ErrorCode text `json:"error_code"` // of a payout that failed or came back
}

// read returns no state for a status that we do not know. Why a bank sent money
// back is decided by Alipay's code, never by its words.
func (a payoutAnswer) read() (state flows.PayoutState, why string) {
	switch a.Status {
	case "DEALING", "WAIT_PAY":
		return flows.PayoutMoving, ""
	case "SUCCESS":
		return flows.PayoutArrived, ""
	case "FAIL", "REFUND", "CLOSED":
		why = payoutWords
		if words, known := refusals[string(a.ErrorCode)]; known {
			why = words
		}
		return flows.PayoutReturned, why
	}
	return "", ""
}
