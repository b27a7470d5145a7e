package alipay

// What a customer reads when Alipay says no, by Alipay's own sub_code.
// Source: facts/alipay.md, sections 1.3, 2.1, 2.4, 2.5, 2.7 and 2.8.

const refusedWords = "支付宝没有受理，请稍后重新操作，或回复“人工”联系客服。"

var refusals = map[string]string{
	"isv.code-invalid":        "登录已过期，请重新打开小程序。",
	"aop.invalid-auth-token":  "登录已过期，请重新打开小程序。",
	"aop.auth-token-time-out": "登录已过期，请重新打开小程序。",

	"isv.invalid-parameter": "信息未通过支付宝的检查，请核对后重新提交。",
	"isv.suspected-attack":  "信息未通过支付宝的检查，请核对后重新提交。",
	"INVALID_PARAMETER":     "姓名或证件号码未通过支付宝的检查，请核对后重新提交。",

	"OPEN_CERTIFY_BILL_NOT_EXIST": "本次刷脸已失效，请重新获取二维码。",

	"ACQ.INVALID_PARAMETER":                "付款信息有误，请重新发起付款。",
	"ACQ.TRADE_HAS_SUCCESS":                "这笔款已经付过了，无需再付，请稍候查看结果。",
	"ACQ.TRADE_HAS_FINISHED":               "这笔款已经付过了，无需再付，请稍候查看结果。",
	"ACQ.TRADE_STATUS_ERROR":               "这笔付款的状态已经改变，请稍候查看结果。",
	"ACQ.REASON_TRADE_STATUS_INVALID":      "这笔付款的状态已经改变，请稍候查看结果。",
	"ACQ.REASON_ILLEGAL_STATUS":            "这笔付款的状态已经改变，请稍候查看结果。",
	"ACQ.TRADE_HAS_CLOSE":                  "这笔付款已关闭，请重新发起付款。",
	"ACQ.TRADE_NOT_EXIST":                  "没有找到这笔付款，请重新发起付款。",
	"ACQ.CONTEXT_INCONSISTENT":             "订单信息有变化，请重新发起付款。",
	"ACQ.APPLY_PC_MERCHANT_CODE_ERROR":     "付款码已经发出过，请重新发起付款。",
	"ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "付款时间已过，请重新发起付款。",
	"ACQ.BUYER_SELLER_EQUAL":               "收款账号不能给自己付款，请换一个支付宝账号。",
	"ACQ.TRADE_BUYER_NOT_MATCH":            "请用下单时的支付宝账号付款。",
	"ACQ.TOTAL_FEE_EXCEED":                 "金额超出支付宝的限额，请回复“人工”联系客服。",
	"PAYMENT_INFO_INCONSISTENCY":           "这笔汇款的信息有变化，请重新提交。",
	"EXCEED_LIMIT_SM_MIN_AMOUNT":           "暂时不能由我方汇款，请改为由贵单位汇款。",
	"EXCEED_LIMIT_DM_AMOUNT":               "今天的汇款次数已满，请明天再试，或者改为由贵单位汇款。",
	"EXCEED_LIMIT_MM_AMOUNT":               "暂时不能由我方汇款，请改为由贵单位汇款。",
	"CARD_BIN_ERROR":                       "银行账号不对，请核对后重新提交。",
	"PAYEE_CARD_INFO_ERROR":                "账号、户名或开户行不一致，请核对后重新提交。",
	"PAYEE_NOT_EXIST":                      "没有找到这个银行账户，请核对后重新提交。",
	"PAYEE_ACCOUNT_STATUS_ERROR":           "这个银行账户的状态不正常，不能收款。请向开户行了解，或换一个对公账户。",
	"NO_ACCOUNT_RECEIVE_PERMISSION":        "这个银行账户不能收款，请换一个对公账户。",
	"INST_PAY_UNABLE":                      "这家银行暂时不能收我方汇款，请改为由贵单位汇款。",

	"ACQ.EXIST_FORBIDDEN_WORD": "订单内容未通过支付宝的检查，请回复“人工”联系客服。",
}

// passing lists the sub_codes that come with the code of a refusal and yet
// mean "unknown, ask again". AQC is Alipay's own spelling.
var passing = map[string]bool{
	"SYSTEM_ERROR":             true,
	"PAYER_BALANCE_NOT_ENOUGH": true, // ours: an operator fills it up
	"BALANCE_IS_NOT_ENOUGH":    true,
	"PAYER_STATUS_ERROR":       true,
	"PRODUCT_NOT_SIGN":         true,
	"ACQ.SYSTEM_ERROR":         true,
	"AQC.SYSTEM_ERROR":         true,
	"aop.unknow-error":         true,
	"isp.unknow-error":         true,
	"SYSTEM_RATE_LIMIT":        true,
	"USER_RATE_LIMIT":          true,
}
