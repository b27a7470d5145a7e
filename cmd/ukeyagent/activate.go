// This file is the conversation: who you are, which key, the authorisation
// code, the PIN, the five steps, a new PIN.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/server/activation"
)

// initialPIN is what keys arrive with (M113, M121).
const initialPIN = "111111"

var errDeclined = errors.New("ukeyagent: the person said no")

// activateCommand makes the certificates.
type activateCommand struct {
	Server string `required:"" help:"服务地址，例如 https://example.com。"`
	Code   string `required:"" help:"聊天窗口中显示的激活码，例如 ABCD-EFGH。"`
	Module string `required:"" help:"Ukey 驱动（PKCS#11 模块）的完整路径。"`
	Serial string `help:"插入了多个 Ukey 时，要使用的 Ukey 的序列号。"`
	Yes    bool   `help:"不再询问账号和订单是否正确。"`
}

// Run talks the applicant through the activation.
func (c *activateCommand) Run(ctx context.Context, w *world) (err error) {
	api, err := newService(c.Server, w.wait)
	if err != nil {
		return err
	}
	keys, err := w.load(c.Module)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	info, err := c.find(ctx, w, keys)
	if err != nil {
		return err
	}
	begun, err := c.begin(ctx, w, api)
	if err != nil {
		return err
	}
	fmt.Fprintln(w.out, "Ukey："+line(info))
	question := activation.DeviceRequest{Serial: info.Serial, Label: info.Label, Model: info.Model}
	if err := api.again(ctx, activation.DevicePath, question, &activation.Empty{}); err != nil {
		return err
	}
	if err := authorise(ctx, w, api); err != nil {
		return err
	}
	key, err := keys.Open(ctx, info.Serial)
	if err != nil {
		return err
	}
	pin, err := w.in.secret(ctx, "请输入 Ukey 密码（初始密码为 "+initialPIN+"）：")
	defer clear(pin)
	if err != nil {
		return err
	}
	if err := key.Unlock(ctx, pin); err != nil {
		return err
	}
	m := &maker{world: w, api: api, room: key.Container(begun.Container), begun: begun, info: info}
	if err := m.run(ctx); err != nil {
		return err
	}
	if err := renewPIN(ctx, w, key, pin); err != nil {
		return err
	}
	fmt.Fprintln(w.out, "成功，请重新插拔 Ukey。")
	return nil
}

// find settles the key before the activation code is used up.
func (c *activateCommand) find(ctx context.Context, w *world, keys driver) (token.Info, error) {
	infos, err := keys.List(ctx)
	if err != nil {
		return token.Info{}, err
	}
	info, err := choose(infos, c.Serial)
	if errors.Is(err, errManyDevices) || errors.Is(err, errNoSuch) {
		for _, each := range infos {
			fmt.Fprintln(w.out, line(each))
		}
	}
	return info, err
}

// begin opens the order and has the person look at it (M107, M108).
func (c *activateCommand) begin(ctx context.Context, w *world, api *service) (activation.BeginAnswer, error) {
	pc, err := os.Hostname()
	if err != nil {
		pc = ""
	}
	var begun activation.BeginAnswer
	if err := api.once(ctx, activation.BeginPath, activation.BeginRequest{Code: c.Code, PC: pc}, &begun); err != nil {
		return begun, err
	}
	if err := checkBegun(begun); err != nil {
		return begun, fmt.Errorf("begin: %w", err)
	}
	api.bearer = begun.Token
	fmt.Fprintf(w.out, "账号：%s\n订单：%s\n证书主体：%s\n经办人手机：%s\n",
		printable(begun.Account), printable(begun.OrderNo), printable(begun.Subject), printable(begun.Mobile))
	if begun.Step > 0 {
		fmt.Fprintf(w.out, "上次已完成到第 %d 步，这次接着做。\n", begun.Step)
	}
	if c.Yes {
		return begun, nil
	}
	answer, err := w.in.ask(ctx, "以上信息正确吗？[y/N] ")
	if err != nil {
		return begun, err
	}
	switch strings.ToLower(answer) {
	case "y", "yes", "是":
		return begun, nil
	}
	return begun, errDeclined
}

// authorise sends the authorisation code and asks for it (M111, M112). A
// person may correct a wrong one; a pipe has only one.
func authorise(ctx context.Context, w *world, api *service) error {
	var sent activation.CodeAnswer
	if err := api.again(ctx, activation.CodePath, activation.Empty{}, &sent); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "授权码已发送至经办人手机 %s。\n", printable(sent.Mobile))
	if sent.Word != "" {
		fmt.Fprintf(w.out, "短信里的校验词应是“%s”，不是的话请不要输入授权码。\n", printable(sent.Word))
	}
	for {
		code, err := w.in.secret(ctx, "请输入短信中的授权码：")
		if err != nil {
			return err
		}
		question := activation.AuthoriseRequest{Code: string(bytes.TrimSpace(code))}
		clear(code)
		err = api.again(ctx, activation.AuthorisePath, question, &activation.AuthoriseAnswer{})
		no, refused := errors.AsType[*activation.Error](err)
		if !refused || no.Code != activation.WrongSMSCode || no.TriesLeft <= 0 || !w.in.terminal {
			return err
		}
		fmt.Fprintf(w.out, "授权码不对，还可以输入 %d 次。\n", no.TriesLeft)
	}
}

// renewPIN urges the person away from the initial PIN (M122). The certificates
// are made: nothing here makes the run fail, except that the person left.
func renewPIN(ctx context.Context, w *world, key device, old []byte) error {
	fmt.Fprintln(w.out, "为了您的安全，强烈建议现在设置一个只有您知道的新密码，并妥善保管。")
	for {
		fresh, err := w.in.secret(ctx, "新密码（直接回车表示不修改）：")
		if errors.Is(err, errNoInput) || (err == nil && len(fresh) == 0) {
			fmt.Fprintln(w.out, "密码没有修改。请尽快修改，不要长期使用 "+initialPIN+"。")
			return nil
		}
		if err != nil {
			return err
		}
		problem, err := takePIN(ctx, w, key, old, fresh)
		clear(fresh)
		if err != nil {
			return err
		}
		if problem == "" {
			fmt.Fprintln(w.out, "密码已修改，请妥善保管。")
			return nil
		}
		fmt.Fprintln(w.out, problem)
		if !w.in.terminal {
			fmt.Fprintln(w.out, "密码没有修改。")
			return nil
		}
	}
}

// takePIN changes the PIN, or says what is wrong with the new one.
func takePIN(ctx context.Context, w *world, key device, old, fresh []byte) (problem string, err error) {
	if string(fresh) == initialPIN || bytes.Equal(fresh, old) {
		return "新密码不能是初始密码，也不能和原密码相同。", nil
	}
	if w.in.terminal {
		repeated, err := w.in.secret(ctx, "请再输入一次新密码：")
		if err != nil {
			return "", err
		}
		defer clear(repeated)
		if !bytes.Equal(fresh, repeated) {
			return "两次输入的密码不一致，请重新输入。", nil
		}
	}
	if err := key.ChangePIN(ctx, old, fresh); err != nil {
		words, _ := explain(err)
		return words, nil
	}
	return "", nil
}
