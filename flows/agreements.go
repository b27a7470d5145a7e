package flows

// The documents an applicant agrees to. A changed text gets a new version;
// the ledger keeps the version, a hash of the text, the time and the channel.

var platformTerms = Agreement{
	ID: "platform", Title: "《e签宝项目专用平台服务协议》", Version: "2024-11-20",
	Text: "一、平台为您提供数字证书的申请、身份核验、订单、物流和激活服务。\n" +
		"二、您保证所填资料真实、完整、准确；代表单位办理的，您保证已获得单位授权。\n" +
		"三、登录名、密码和验证码由您保管，请勿告诉他人；平台工作人员不会向您索要密码。\n" +
		"四、平台只为办理证书使用您的个人信息，按法律规定的期限保存，到期删除。\n" +
		"五、您可以随时查询进度、更正资料、转人工客服，或在付款前取消办理。",
}

var subscriberDuty = Agreement{
	ID: "duty", Title: "《ZJCA电子认证服务申请责任书》", Version: "2024-11-20",
	Text: "一、申请人应提供真实、完整、准确的身份信息，信息变更时及时告知。\n" +
		"二、UKey 和密码由申请人保管，首次使用后请修改初始密码；遗失或怀疑泄露时应立即申请吊销。\n" +
		"三、使用证书作出的电子签名与手写签名或者盖章具有同等法律效力。\n" +
		"四、电子认证服务机构依法核验身份，并保存认证资料至证书失效后至少五年。",
}

var faceNotice = Agreement{
	ID: "face", Title: "《个人实名认证授权（人脸识别）》", Version: "2024-11-20",
	Text: "为核验您的身份，我们会收集您的姓名、身份证号，并由支付宝采集和比对人脸视频。\n" +
		"人脸视频由支付宝处理，我们不接收、不保存。身份证号只用于本次认证和证书申请。\n" +
		"授权范围：认证结果、认证时间和流水号。我们不会读取您的支付宝登录密码，不会用您的账号完成认证、意愿确认或签署，也不会引导您付款。\n" +
		"您可以不同意；不同意时不能用人脸识别，可转人工客服了解其他方式。",
}

var mobileNotice = Agreement{
	ID: "mobile", Title: "《个人实名认证授权（手机号）》", Version: "2024-11-20",
	Text: "为核验您的身份，我们会收集您的姓名、身份证号和注册的手机号码，由认证服务机构与运营商登记的信息比对。\n" +
		"只得到是否一致的结果，我们保存结果、时间和流水号。身份证号只用于本次认证和证书申请。\n" +
		"我们不会查询您的通话和短信，不会以您的名义办理业务，也不会引导您付款。\n" +
		"您可以不同意；不同意时可以换一种方式，或转人工客服。",
}

var cardNotice = Agreement{
	ID: "card", Title: "《个人实名认证授权（银行卡）》", Version: "2024-11-20",
	Text: "为核验您的身份，我们会收集您的姓名、身份证号、银行卡号和注册的手机号码，由认证服务机构与银行登记的信息比对。\n" +
		"只得到是否一致的结果，我们保存结果、时间和流水号。银行卡号核对后立即删除，不会用于付款。身份证号只用于本次认证和证书申请。\n" +
		"我们不会查询您的余额和交易，不会扣款，也不会索要密码和验证码。\n" +
		"您可以不同意；不同意时可以换一种方式，或转人工客服。",
}

var reviewNotice = Agreement{
	ID: "review", Title: "《实名认证授权（人工核验）》", Version: "2026-11-28",
	Text: "为核验您或贵单位的身份，我们会收集证件或登记证书上的名称、号码，以及您上传的照片和文件。\n" +
		"由两位工作人员先后查看，每次查看都有记录。核验人员只核对，不复制、不外传。\n" +
		"照片和文件加密保存：没有通过的，立即删除；通过的，证书激活后按规定的期限删除，只保留结果、时间和号码的一部分。\n" +
		"我们不会用这些材料办理别的业务，也不会引导您付款。\n" +
		"您可以不同意；不同意时可以换一种方式，或转人工客服。",
}

var transferRules = Agreement{
	ID: "transfer", Title: "《对公打款认证细则》", Version: "2024-11-20",
	Text: "一、汇款方必须为当前企业，户名与认证的机构名称一致。\n" +
		"二、汇款方必须使用对公账户进行汇款。\n" +
		"三、单笔金额为 0.01 元（一分钱）人民币，不能为其他金额或其他币种。\n" +
		"四、汇款金额作为企业实名专用，不做退还，也不开具发票。",
}

var grantNotice = Agreement{
	ID: "grant", Title: "《企业支付宝认证授权及声明》", Version: "2024-11-20",
	Text: "一、您保证您已获得所选企业的充分、有效授权，您有权代表该企业同意芝麻服务协议。\n" +
		"二、授权后，支付宝会告诉我们这个账号是不是实名的企业账号、实名的单位名称和统一社会信用代码；用法定代表人本人的支付宝授权的，只告诉我们姓名和身份证号是否一致。\n" +
		"三、这些信息只用于核对贵单位的身份，核对后只保留结果、时间和流水号。我们不读取登录密码，不管理企业的印章、成员和其他资源，不用您的账号签署。\n" +
		"四、授权只用于身份验证，不会引导您付款、支付。\n" +
		"五、您可以不同意；不同意时可以改用对公汇款，或转人工客服。",
}

// Agreements lists every document, for the pages that show them.
func Agreements() []Agreement {
	return []Agreement{platformTerms, subscriberDuty, faceNotice, mobileNotice, cardNotice, reviewNotice, grantNotice, transferRules}
}

// Outdated reports whether a case stands at a step that rests on a consent which
// was given to an older text. It is to be resumed from the facts, which ask
// again; only steps that rest on none can be reached so.
func (f *Flow) Outdated(c Case) bool {
	step, _ := f.Step(c.At)
	if step.Rests == nil {
		return false
	}
	version := c.Form.agreedTo(step.Rests.ID)
	return version != "" && version < step.Rests.Version
}

// agree records the consent given by picking an option; when and over which
// channel is in the event.
func agree(doc Agreement) Action {
	return Action{Name: "agree to " + doc.ID, Effect: func(Case) Effect {
		return Agree{Document: doc.ID, Version: doc.Version}
	}}
}
