// What the page says. bo and mn are drafts (docs/decisions/0005); what is missing falls back to zh-CN.

export const LANGUAGES = { "zh-CN": "中文", bo: "བོད་ཡིག", mn: "Монгол", en: "English" };

const WORDS = {
  title: { "zh-CN": "现场签到", bo: "ཐོ་འགོད།", mn: "Ирц бүртгэл", en: "Check-in" },
  online: { "zh-CN": "在线", bo: "དྲ་ཐོག", mn: "Холбогдсон", en: "On line" },
  offline: { "zh-CN": "离线，可继续签到", bo: "དྲ་རྒྱ་མེད།", mn: "Сүлжээгүй, үргэлжлүүлж болно", en: "No line: keep scanning" },
  queued: { "zh-CN": "待上传 {n}", bo: "མ་བསྐུར་བ {n}", mn: "Хүлээгдэж буй {n}", en: "{n} to send" },
  allSent: { "zh-CN": "已全部上传", bo: "ཚང་མ་བསྐུར་ཟིན།", mn: "Бүгд илгээгдсэн", en: "All sent" },
  sync: { "zh-CN": "同步", bo: "མཉམ་སྒྲིག", mn: "Илгээх", en: "Send now" },
  syncing: { "zh-CN": "正在同步…", bo: "མཉམ་སྒྲིག་བྱེད་བཞིན།", mn: "Илгээж байна…", en: "Sending…" },
  enrol: { "zh-CN": "登记本设备", bo: "སྒྲིག་ཆས་ཐོ་འགོད།", mn: "Төхөөрөмж бүртгэх", en: "Enrol this device" },
  enrolHelp: { "zh-CN": "请工作人员生成登记码（十分钟内有效，只能用一次）。", en: "Ask staff for an enrolment code: it lasts ten minutes and works once." },
  code: { "zh-CN": "登记码", bo: "ཐོ་འགོད་ཨང་རྟགས།", mn: "Бүртгэлийн код", en: "Enrolment code" },
  deviceName: { "zh-CN": "设备名称（如：东门手机）", bo: "སྒྲིག་ཆས་ཀྱི་མིང་།", mn: "Төхөөрөмжийн нэр", en: "Name of this device (east gate)" },
  occurrences: { "zh-CN": "选择场次", bo: "ཐེངས་འདེམས།", mn: "Арга хэмжээ сонгох", en: "Choose an occurrence" },
  noOccurrences: { "zh-CN": "今明两天没有本设备可签到的场次。联网后点“更新名单”。", en: "No occurrence for this device in the next two days. Refresh when there is a line." },
  refresh: { "zh-CN": "更新名单", bo: "ཐོ་གསར་སྒྱུར།", mn: "Жагсаалт шинэчлэх", en: "Refresh the lists" },
  loaded: { "zh-CN": "已下载 {n} 份报名", bo: "མིང་ཐོ {n} བླངས་ཟིན།", mn: "{n} бүртгэл татсан", en: "{n} registrations on this device" },
  back: { "zh-CN": "返回", bo: "ཕྱིར་ལོག", mn: "Буцах", en: "Back" },
  camera: { "zh-CN": "打开摄像头", bo: "པར་ཆས་ཁ་ཕྱེ།", mn: "Камер нээх", en: "Open the camera" },
  noCamera: { "zh-CN": "无法使用摄像头，请手工输入", bo: "པར་ཆས་བེད་སྤྱོད་བྱེད་མི་ཐུབ།", mn: "Камер ажиллахгүй байна", en: "No camera: enter the code by hand" },
  entry: { "zh-CN": "入场码文字，或报名编号后 6 位", bo: "འཛུལ་ཞུགས་ཨང་རྟགས།", mn: "Тасалбарын код", en: "Ticket text, or the last 6 of the registration" },
  checkIn: { "zh-CN": "签到", bo: "ཐོ་འགོད།", mn: "Бүртгэх", en: "Check in" },
  welcome: { "zh-CN": "欢迎！{n} 人", bo: "དགའ་བསུ་ཞུ། མི {n}", mn: "Тавтай морил! {n}", en: "Welcome! {n}" },
  unlisted: { "zh-CN": "入场码有效，名单里还没有，已记录", bo: "ཨང་རྟགས་ནུས་ལྡན་ཡིན་པས་ཐོ་བཀོད་ཟིན།", mn: "Тасалбар хүчинтэй, бүртгэлээ", en: "Valid ticket, newer than the list: recorded" },
  already: { "zh-CN": "已经签到过了", bo: "སྔོན་ནས་ཐོ་བཀོད་ཟིན།", mn: "Өмнө нь бүртгэгдсэн", en: "Has checked in before" },
  bad: { "zh-CN": "无效的入场码", bo: "ཨང་རྟགས་ནུས་མེད་རེད།", mn: "Хүчингүй тасалбар", en: "Not a valid ticket" },
  elsewhere: { "zh-CN": "不是本场的入场码", bo: "ཨང་རྟགས་ཐེངས་འདིའི་མ་རེད།", mn: "Өөр арга хэмжээний тасалбар", en: "The ticket is for another occurrence" },
  cancelled: { "zh-CN": "该报名已取消", bo: "མིང་ཐོ་ཕྱིར་འཐེན་ཟིན།", mn: "Бүртгэл цуцлагдсан", en: "The registration was cancelled" },
  unconfirmed: { "zh-CN": "该报名未确认", bo: "མིང་ཐོ་གཏན་འཁེལ་མེད།", mn: "Бүртгэл баталгаажаагүй", en: "The registration is not confirmed" },
  notFound: { "zh-CN": "名单里找不到", bo: "མིང་ཐོའི་ནང་མེད།", mn: "Жагсаалтад алга", en: "Not on the list" },
  several: { "zh-CN": "有多份报名符合，请多输几位", bo: "མང་པོ་འདུག", mn: "Хэд хэдэн бүртгэл таарлаа", en: "Several fit: enter more of it" },
  who: { "zh-CN": "哪几位到了？", bo: "སུ་སླེབས་སམ།", mn: "Хэн ирсэн бэ?", en: "Who is here?" },
  recorded: { "zh-CN": "本机已签到 {n} 人", bo: "མི {n} ཐོ་བཀོད་ཟིན།", mn: "Бүртгэсэн: {n}", en: "{n} checked in here" },
  conflicts: { "zh-CN": "需要核对", bo: "ཞིབ་བཤེར་དགོས་པ།", mn: "Шалгах зүйлс", en: "To look at" },
  none: { "zh-CN": "没有需要核对的", bo: "མེད།", mn: "Байхгүй", en: "Nothing" },
  revoked: { "zh-CN": "本设备已停用，已记录的仍会上传", bo: "སྒྲིག་ཆས་འདི་མཚམས་བཞག་ཟིན།", mn: "Энэ төхөөрөмж хүчингүй болсон", en: "This device was revoked; what it recorded is still sent" },
  unknownDevice: { "zh-CN": "服务器不认识本设备，请联系工作人员；记录仍保存在本机", en: "The server does not know this device: ask staff; the records stay here" },
  failed: { "zh-CN": "没有成功：{why}", en: "It did not work: {why}" },
  doorCode: { "zh-CN": "自助签到码", bo: "རང་འགུལ་ཨང་རྟགས།", mn: "Өөрөө бүртгүүлэх код", en: "Self check-in code" },
  doorCodeHelp: { "zh-CN": "已报名者请在手机上输入", bo: "མིང་འགོད་བྱས་པ་རྣམས་ཁ་པར་ནང་འབྲི་རོགས།", mn: "Утсандаа оруулна уу", en: "Registered? Enter it on your phone" },
  needsLine: { "zh-CN": "需要联网", bo: "དྲ་རྒྱ་དགོས།", mn: "Сүлжээ хэрэгтэй", en: "This needs a line" },
  insecure: { "zh-CN": "请用 https 地址打开本页，否则不能离线使用", en: "Open this page by its https address: without it nothing works offline" },
  clock: { "zh-CN": "本机时钟偏差 {n} 秒，服务器会校正", bo: "ཆུ་ཚོད་ {n} སྐར་ཆས་ནོར་འདུག", mn: "Цаг {n} секунд зөрж байна", en: "This clock is off by {n} s; the server corrects it" },
  on_line: { "zh-CN": "在线签到", en: "checked in on line" },
  counted: { "zh-CN": "已计入", bo: "རྩིས་ཟིན།", mn: "Тооцсон", en: "Counted" },
  duplicate: { "zh-CN": "重复：先由 {device} 于 {at} 签到", bo: "བསྐྱར་ཟློས། {device} {at}", mn: "Давхардсан: {device} {at}", en: "Twice: first by {device} at {at}" },
  doubtful: { "zh-CN": "时间存疑", bo: "དུས་ཚོད་གདོན་མི་ཟ་བ་མེད།", mn: "Цаг эргэлзээтэй", en: "Time in doubt" },
  bad_signature: { "zh-CN": "签名不符", en: "Signature does not fit" },
  bad_ticket: { "zh-CN": "无效的入场码", bo: "ཨང་རྟགས་ནུས་མེད་རེད།", mn: "Хүчингүй тасалбар", en: "Not a valid ticket" },
  unknown: { "zh-CN": "没有这份报名", bo: "མིང་ཐོ་མེད།", mn: "Ийм бүртгэл алга", en: "No such registration" },
  wrong_occurrence: { "zh-CN": "不是本场的", bo: "ཐེངས་འདིའི་མ་རེད།", mn: "Өөр арга хэмжээнийх", en: "For another occurrence" },
  out_of_reach: { "zh-CN": "不在本设备的范围内", en: "Beyond this device's reach" },
  not_confirmed: { "zh-CN": "报名未确认", bo: "མིང་ཐོ་གཏན་འཁེལ་མེད།", mn: "Баталгаажаагүй", en: "Not confirmed" },
  over_party: { "zh-CN": "超出同行人数", bo: "མི་གྲངས་ལས་བརྒལ་འདུག", mn: "Хүний тооноос хэтэрсэн", en: "More than the party" },
  device_revoked: { "zh-CN": "设备停用后的记录，未计入", en: "Made after this device was revoked: not counted" },
  taken_back: { "zh-CN": "工作人员已撤销", bo: "ཕྱིར་འཐེན་ཟིན།", mn: "Цуцалсан", en: "Taken back by staff" },
};

let language = "zh-CN";

export function speak(tag) {
  language = [tag, tag.split("-")[0]].find((each) => each in LANGUAGES) ?? "zh-CN";
  return language;
}

export function say(key, values = {}) {
  const words = WORDS[key] ?? { "zh-CN": key };
  const text = words[language] ?? words["zh-CN"];
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
