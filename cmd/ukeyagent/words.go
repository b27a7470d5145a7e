// This file turns errors into words for the applicant, and into exit codes for
// programs.

package main

import (
	"context"
	"errors"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/server/activation"
)

// Exit codes.
const (
	exitOther    = 1  // something unforeseen
	exitUsage    = 2  // the command line is not right
	exitCode     = 3  // the activation code is not accepted
	exitOffline  = 4  // the service cannot be reached or cannot do it now
	exitDevice   = 5  // no key, more than one, or not the one named
	exitForeign  = 6  // the order belongs to another key or key pair
	exitPIN      = 7  // the PIN is wrong
	exitLocked   = 8  // the PIN is locked, or one try from it
	exitSMS      = 9  // the authorisation code is not accepted
	exitRemoved  = 10 // the key was pulled out
	exitUnfit    = 11 // what was received must not be written
	exitDeclined = 12 // the person said no, or stopped the run
	exitModule   = 13 // the module cannot be loaded or used
	exitRefused  = 14 // the service said no for another reason
)

// explanations are tried from top to bottom: a cause may carry another one.
var explanations = []struct {
	err   error
	code  int
	words string
}{
	{context.Canceled, exitDeclined, "已停止。已经完成的步骤不会丢失，请在聊天窗口获取新的激活码后再次运行，会接着做。"},
	{errDeclined, exitDeclined, "已停止，什么都没有写入 Ukey。请登录申请证书的账号重新获取激活码。"},
	{errNoInput, exitDeclined, "没有收到输入，已停止。请重新运行并按提示输入。"},
	{errAddress, exitUsage, "服务地址不正确，应以 https:// 开头。请从聊天窗口复制完整的地址。"},
	{errNoDevice, exitDevice, "没有找到 Ukey。请插入 Ukey，等待几秒后再次运行。"},
	{errManyDevices, exitDevice, "插入了多个 Ukey。请只保留要激活的一个，或用 --serial 指定序列号。"},
	{errNoSuch, exitDevice, "没有找到这个序列号的 Ukey。请核对序列号，或检查 Ukey 是否插好。"},
	{token.ErrPINLocked, exitLocked, "Ukey 密码已锁定。请在聊天窗口回复“人工”，由客服为您解锁。"},
	{token.ErrPINLast, exitLocked, "Ukey 密码只剩最后一次机会，为避免锁定已停止，没有尝试。请在聊天窗口回复“人工”联系客服。"},
	{token.ErrPINWrong, exitPIN, "Ukey 密码不对。多次输错会锁定 Ukey，请确认后再次运行。初始密码为 111111。"},
	{token.ErrPINLength, exitPIN, "密码长度不符合 Ukey 的要求，请换一个长度（一般为 6 到 16 位）。"},
	{token.ErrRemoved, exitRemoved, "Ukey 已拔出或接触不良。请重新插好，在聊天窗口获取新的激活码后再次运行，会接着做。"},
	{token.ErrFull, exitRefused, "Ukey 空间不足，没有写入。请在聊天窗口回复“人工”联系客服。"},
	{token.ErrUnsupported, exitModule, "这个 Ukey 型号不支持制证。请核对是否是寄给您的 Ukey，或在聊天窗口回复“人工”。"},
	{token.ErrMismatch, exitUnfit, "加密密钥没有成功写入 Ukey，没有留下任何内容。请再次运行；如仍不行请联系客服。"},
	{token.ErrNotBuilt, exitModule, "这个版本的工具不支持 Ukey（未包含 PKCS#11）。请从官网重新下载证书工具。"},
	{token.ErrModule, exitModule, "Ukey 驱动加载失败。请确认驱动已安装，并用 --module 给出它的完整路径。"},
	{token.ErrSlow, exitRemoved, "Ukey 没有响应。请拔下重新插好后再次运行，会接着做。"},
	{errKeyLost, exitForeign, "这个订单的密钥已不在 Ukey 中，不能继续。请在聊天窗口回复“人工”联系客服，不需要重新付款。"},
	{token.ErrNoKey, exitForeign, "Ukey 中的密钥不完整。请再次运行；如仍不行请联系客服。"},
	{errUnfit, exitUnfit, "收到的内容未通过检查，为了安全没有写入 Ukey。请稍后再次运行；如仍不行请联系客服。"},
	{errUnproven, exitRefused, "服务端没有确认激活。请稍后再次运行，会接着做。"},
	{errOffline, exitOffline, "连接不上服务。请检查网络后再次运行，已经完成的步骤不会丢失。"},
	{errAnswer, exitOffline, "服务的回答无法识别。请检查服务地址，或稍后再次运行。"},
}

// refusals are the exit codes of what the service says no to.
var refusals = map[activation.Code]int{
	activation.UnknownCode:  exitCode,
	activation.ExpiredCode:  exitCode,
	activation.UsedCode:     exitCode,
	activation.Unauthorised: exitCode,
	activation.WrongSMSCode: exitSMS,
	activation.SMSExpired:   exitSMS,
	activation.SMSLocked:    exitSMS,
	activation.NotAllowed:   exitSMS,
	activation.OtherDevice:  exitForeign,
	activation.OtherKey:     exitForeign,
	activation.Busy:         exitOffline,
	activation.TooMany:      exitOffline,
	activation.Unavailable:  exitOffline,
}

// explain says what happened and what to do next. The service's own words come
// first: it knows the order.
func explain(err error) (words string, code int) {
	if no, ok := errors.AsType[*activation.Error](err); ok {
		code, known := refusals[no.Code]
		if !known {
			code = exitRefused
		}
		if words := printable(no.Message); words != "" {
			return words, code
		}
		return "服务没有接受这次操作。请在聊天窗口获取新的激活码后再次运行，或联系客服。", code
	}
	for _, known := range explanations {
		if errors.Is(err, known.err) {
			return known.words, known.code
		}
	}
	return "出现了意外的问题，已停止。已经完成的步骤不会丢失，请再次运行；如仍不行请联系客服。", exitOther
}
