// What the page says. bo and mn are drafts (docs/decisions/0005); what is missing falls back to zh-CN.

export const LANGUAGES = { "zh-CN": "中文", bo: "བོད་ཡིག", mn: "Монгол", en: "English" };

const WORDS = {
  title: { "zh-CN": "专家评审邀请", bo: "མཁས་པའི་དཔྱད་ཞིབ་གདན་ཞུ།", mn: "Шинжээчийн урилга", en: "Invitation to review" },
  programme: { "zh-CN": "评审项目", bo: "ལས་གཞི།", mn: "Хөтөлбөр", en: "Programme" },
  host: { "zh-CN": "申报单位", bo: "རེ་ཞུ་འབུལ་བའི་སྡེ་ཁག", mn: "Өргөдөл гаргагч", en: "Applicant" },
  until: { "zh-CN": "请在此前答复（北京时间）", bo: "ལན་འདེབས་དགོས་པའི་དུས་བཀག", mn: "Хариу өгөх хугацаа", en: "Please answer before (Beijing time)" },
  think: {
    "zh-CN": "接受前请确认：您与申报单位及其分支机构没有任职、合作、亲属或利益关系。接受须用本人手机号登录；谢绝或声明回避不用登录。",
    bo: "རེ་ཞུ་འབུལ་བའི་སྡེ་ཁག་དང་འབྲེལ་བ་མེད་པ་གཏན་འཁེལ་བྱེད་རོགས།",
    mn: "Та өргөдөл гаргагч болон түүний салбартай ажил, хамтын бүтээл, төрөл садан, ашиг сонирхлын холбоогүй байх ёстой. Зөвшөөрөхийн тулд өөрийн утсаар нэвтэрнэ; татгалзахад нэвтрэх шаардлагагүй.",
    en: "Before you accept: you have no employment, joint work, kinship or interest with the applicant or its branches. To accept you sign in with your own phone; to decline or to declare a conflict you need not.",
  },
  accept: { "zh-CN": "接受邀请", bo: "གདན་ཞུ་དང་ལེན་བྱེད།", mn: "Зөвшөөрөх", en: "Accept" },
  decline: { "zh-CN": "谢绝", bo: "དང་ལེན་མི་བྱེད།", mn: "Татгалзах", en: "Decline" },
  conflict: { "zh-CN": "声明回避", bo: "འབྲེལ་བ་ཡོད་པས་གཡོལ།", mn: "Ашиг сонирхлын зөрчилтэй", en: "Declare a conflict" },
  reason: { "zh-CN": "请简要说明理由（只有组织单位能看到）", bo: "རྒྱུ་མཚན་བྲིས་རོགས།", mn: "Шалтгаан", en: "Why, in a few words (read only by the office)" },
  send: { "zh-CN": "提交", bo: "འབུལ།", mn: "Илгээх", en: "Send" },
  back: { "zh-CN": "返回", bo: "ཕྱིར་ལོག", mn: "Буцах", en: "Back" },
  again: { "zh-CN": "重试", bo: "བསྐྱར་དུ་ཚོད་ལྟ་བྱེད།", mn: "Дахин оролдох", en: "Try again" },
  working: { "zh-CN": "正在提交，请稍候……", bo: "སྒུག་རོགས།", mn: "Түр хүлээнэ үү…", en: "One moment …" },
  phone: { "zh-CN": "本人手机号", bo: "རང་གི་ཁ་པར་ཨང་གྲངས།", mn: "Утасны дугаар", en: "Your own phone number" },
  phoneHelp: {
    "zh-CN": "我们会向此手机号发送 6 位验证码。以后查看材料和评分都用这个手机号。",
    bo: "ཁ་པར་འདིར་ཨང་གྲངས་ 6 བསྐུར་རྒྱུ་ཡིན།",
    mn: "Энэ дугаарт 6 оронтой код илгээнэ.",
    en: "We send a six-digit code to it. Later you read the material and score under this number.",
  },
  sendCode: { "zh-CN": "发送验证码", bo: "ར་སྤྲོད་ཨང་གྲངས་སྐུར།", mn: "Код илгээх", en: "Send the code" },
  sent: { "zh-CN": "验证码已发送到 {phone}，5 分钟内有效。", bo: "ཨང་གྲངས་ {phone} ལ་བསྐུར་ཟིན།", mn: "Кодыг {phone} дугаарт илгээлээ.", en: "The code was sent to {phone}; it works for 5 minutes." },
  code: { "zh-CN": "验证码", bo: "ར་སྤྲོད་ཨང་གྲངས།", mn: "Код", en: "Code" },
  signInAndAccept: { "zh-CN": "登录并接受邀请", bo: "ར་སྤྲོད་བྱས་ནས་དང་ལེན་བྱེད།", mn: "Нэвтэрч зөвшөөрөх", en: "Sign in and accept" },
  resend: { "zh-CN": "重新发送验证码", bo: "ཨང་གྲངས་བསྐྱར་དུ་སྐུར།", mn: "Код дахин илгээх", en: "Send another code" },
  resendIn: { "zh-CN": "{n} 秒后可重新发送", bo: "སྐར་ཆ་ {n} རྗེས་བསྐྱར་དུ་སྐུར་ཆོག", mn: "{n} секундын дараа", en: "Another code in {n} s" },
  otherPhone: { "zh-CN": "换一个手机号", bo: "ཁ་པར་ཨང་གྲངས་གཞན།", mn: "Өөр дугаар", en: "Another phone number" },

  // What became of it: the state of the seat, and what happens next.
  accepted: { "zh-CN": "您已接受邀请", bo: "ཁྱེད་ཀྱིས་དང་ལེན་བྱས་ཟིན།", mn: "Та урилгыг зөвшөөрлөө", en: "You have accepted" },
  accepted_next: {
    "zh-CN": "下一步：用接受邀请的手机号登录平台，在评审邀请中查看匿名材料，填写并提交评分表。评审结束前，专家组名单不公开，请保密。如不能参加或发现应回避，请尽快联系组织单位。",
    bo: "ཁ་པར་ཨང་གྲངས་འདིས་ལས་སྟེགས་སུ་ཐོ་འགོད་བྱས་ནས་ཡིག་ཆར་བལྟ་བ་དང་སྐར་མ་སྤྲོད་རོགས།",
    mn: "Дараагийн алхам: энэ утасны дугаараар платформд нэвтэрч, нэргүй материалыг уншаад, үнэлгээний хуудсаа илгээнэ үү. Үнэлгээ дуустал шинжээчдийн нэрс нууц.",
    en: "Next: sign in to the platform with the same phone number, read the blind material under your invitations, fill in the score sheet and hand it in. Who sits on the panel is not told before the review is over: please keep it to yourself. If you cannot take part, or find a conflict, tell the office soon.",
  },
  declined: { "zh-CN": "您已谢绝邀请", bo: "ཁྱེད་ཀྱིས་དང་ལེན་མི་བྱེད་པར་ལན་བཏབ་ཟིན།", mn: "Та урилгаас татгалзлаа", en: "You have declined" },
  declined_next: { "zh-CN": "谢谢您的答复，将由候补专家递补，您不用再做什么。", bo: "ལན་བཏབ་པར་ཐུགས་རྗེ་ཆེ།", mn: "Хариу өгсөнд баярлалаа.", en: "Thank you. The next alternate is asked; there is nothing more for you to do." },
  in_conflict: { "zh-CN": "已按回避处理，您不参加本次评审", bo: "འབྲེལ་བ་ཡོད་པས་ཁྱེད་རང་དཔྱད་ཞིབ་འདིར་མི་ཞུགས།", mn: "Ашиг сонирхлын зөрчил бүртгэгдсэн: та энэ үнэлгээнд оролцохгүй", en: "A conflict is recorded: you do not take part in this review" },
  in_conflict_next: { "zh-CN": "谢谢您，将由候补专家递补，您不用再做什么。", bo: "ཐུགས་རྗེ་ཆེ།", mn: "Баярлалаа.", en: "Thank you. The next alternate is asked; there is nothing more for you to do." },
  expired: { "zh-CN": "答复期限已过", bo: "ལན་འདེབས་པའི་དུས་བཀག་འདས་ཟིན།", mn: "Хариу өгөх хугацаа дууссан", en: "The time to answer is over" },
  expired_next: { "zh-CN": "已改请候补专家。如有疑问请联系组织单位。", bo: "མཁས་པ་གཞན་ལ་གདན་ཞུ་བྱས་ཟིན།", mn: "Өөр шинжээчийг урьсан.", en: "The next alternate is asked instead. If in doubt, ask the office that invited you." },
  released: { "zh-CN": "组织单位已收回该席位", en: "The office has taken the seat back" },
  released_next: { "zh-CN": "您不再参加本次评审。如有疑问请联系组织单位。", en: "You take no part in this review any more. If in doubt, ask the office that invited you." },
  closed: { "zh-CN": "该邀请已结束，无需答复", bo: "གདན་ཞུ་འདི་མཚམས་བཞག་ཟིན།", mn: "Урилга хаагдсан", en: "The invitation is closed: no answer is needed" },
  closed_next: { "zh-CN": "评审已终止，或席位已由其他专家担任。", en: "The review has ended, or somebody else has taken the seat." },
  gone: { "zh-CN": "链接无效", bo: "སྦྲེལ་ཐག་འདི་ནུས་མེད་རེད།", mn: "Холбоос хүчингүй", en: "The link is not valid" },
  gone_next: {
    "zh-CN": "链接没有复制完整，或已换发新链接：请打开最近收到的链接，或联系组织单位。",
    bo: "སྦྲེལ་ཐག་གསར་ཤོས་ཁ་ཕྱེ་རོགས།",
    mn: "Хамгийн сүүлд ирсэн холбоосыг нээнэ үү.",
    en: "It is not whole, or another one was sent since: open the last one you got, or ask the office that invited you.",
  },

  // What went wrong, and what to do.
  offline: { "zh-CN": "网络不通，没有收到回应。请稍后重试，重复提交只算一次。", bo: "དྲ་རྒྱ་མ་འབྲེལ། ཅུང་ཙམ་རྗེས་བསྐྱར་དུ་ཚོད་ལྟ་བྱེད་རོགས།", mn: "Сүлжээгүй байна. Дахин оролдоно уу.", en: "No answer came: the line may be down. Please try again; sent twice counts once." },
  down: { "zh-CN": "平台暂时不可用，请稍后重试。", bo: "ཅུང་ཙམ་རྗེས་བསྐྱར་དུ་ཚོད་ལྟ་བྱེད་རོགས།", mn: "Түр ажиллахгүй байна. Дахин оролдоно уу.", en: "The platform does not answer now. Please try again in a while." },
  busy: { "zh-CN": "操作过于频繁，请过一会儿再试。", bo: "ཐེངས་གྲངས་མང་དྲགས་པས་ཅུང་ཙམ་སྒུག་རོགས།", mn: "Хэт олон удаа оролдлоо, түр хүлээнэ үү.", en: "Too many tries: please wait a while." },
  "too-many-codes": { "zh-CN": "验证码发送过于频繁：每分钟一次，每小时五次。请过一会儿再试。", bo: "ཨང་གྲངས་མང་པོ་བཏང་ཟིན་པས་ཅུང་ཙམ་རྗེས་ཚོད་ལྟ་གནང་རོགས།", mn: "Код хэт олон удаа илгээсэн, түр хүлээнэ үү.", en: "Too many codes: one a minute, and five an hour. Please wait a while." },
  "sign-in-failed": { "zh-CN": "验证码不正确或已过期。请核对，或重新发送。", bo: "ཨང་གྲངས་མི་འགྲིག བསྐྱར་དུ་བལྟ་རོགས།", mn: "Код буруу эсвэл хугацаа нь дууссан.", en: "The code is wrong, or too old. Check it, or have another one sent." },
  "another-experts-account": { "zh-CN": "此手机号属于另一位专家，或受邀专家已用其他手机号登录过。请用本人一直使用的手机号。", bo: "ཁ་པར་ཨང་གྲངས་འདི་མཁས་པ་གཞན་ཞིག་གི་རེད།", mn: "Энэ дугаар өөр шинжээчийнх байна.", en: "This phone belongs to another expert, or you have used another number before. Please use your own usual one." },
  "staff-account": { "zh-CN": "工作人员账号不能接受邀请，请用本人手机号登录。", en: "A staff account cannot accept: sign in with your own phone." },
  "reason-needed": { "zh-CN": "请至少用两个字说明理由。", bo: "རྒྱུ་མཚན་བྲིས་རོགས།", mn: "Шалтгаанаа бичнэ үү.", en: "Please say why, in a word or two." },
  "phone-wrong": { "zh-CN": "请输入 11 位手机号。", bo: "ཁ་པར་ཨང་གྲངས་ 11 བྲིས་རོགས།", mn: "11 оронтой дугаар оруулна уу.", en: "Please enter a mobile number of 11 digits." },
  "code-wrong": { "zh-CN": "请输入 6 位数字验证码。", bo: "ཨང་གྲངས་ 6 བྲིས་རོགས།", mn: "6 оронтой код оруулна уу.", en: "Please enter the six digits of the code." },
  failed: { "zh-CN": "没有成功：{why}", bo: "མ་གྲུབ། {why}", mn: "Амжилтгүй: {why}", en: "It did not work: {why}" },
};

let language = "zh-CN";

export function speak(tag) {
  language = [tag, tag.split("-")[0]].find((each) => each in LANGUAGES) ?? "zh-CN";
  return language;
}

export const knows = (key) => key in WORDS;

export function say(key, values = {}) {
  const words = WORDS[key];
  const text = words[language] ?? words["zh-CN"];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
