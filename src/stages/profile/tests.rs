use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::stages::clause::Values;
use crate::text::quality::Meter;
use crate::text::quality::signal::SIGNALS;

/// The signals of a text, in the order in which rules look at them.
struct Measured(Vec<Option<f64>>);

impl Values for Measured {
    fn number(&self, at: usize) -> Option<f64> {
        self.0[at]
    }

    fn word(&self, _at: usize) -> Option<&str> {
        None
    }
}

/// Why a text fails a profile, measured as the stages `quality` and `characters` would.
fn why(rules: &[Clause], text: &str) -> Option<String> {
    let values = Meter::default().measure(text, None);
    let mut by_name: HashMap<&str, f64> = SIGNALS.iter().map(|about| about.name).zip(values.0).collect();
    by_name.insert("chars", text.chars().count() as f64);
    let rule = Clause::of(rules.to_vec());
    let signals = rule.signals();
    let measured = signals.iter().map(|name| by_name.get(name.as_str()).copied().filter(|value| !value.is_nan()));
    rule.asked(&signals).fails(&Measured(measured.collect())).map(|failure| failure.reason)
}

const NOVEL: &str = "天还没亮，老周就起来了。他披上那件旧棉袄，推开门，院子里落了一层薄薄的霜。\n“今天怕是要冷。”他自言自语地说，\
    一边把炉子里的灰掏出来。邻居家的狗叫了两声，又安静下去。他想起昨天收到的那封信，信里说，儿子要在腊月里回来……";
const NEWS: &str = "本报讯 记者昨天从市交通委员会获悉，地铁六号线二期工程将于明年三月开工，预计工期为四十个月。\
    据介绍，该线路全长二十一公里，共设车站十五座，其中换乘站四座。市民关心的施工期间交通问题，有关部门表示将提前公布方案。";
const ARTICLE: &str = "紫薇\n紫薇是千屈菜科紫薇属的一种落叶灌木或小乔木，原产于亚洲南部。\n\n1 形态\n树皮平滑，灰色或灰褐色；\
    花期在六月至九月，花色有红、紫、白等。\n\n2 用途\n* 观赏\n* 药用：根和皮可以入药\n\n3 分布\n在中国，它分布于长江流域及以南各省，现在已经广泛栽培。";
const OLD: &str = "昔有農夫，耕於南山之下。一日，見白鶴傷翼而不能飛，憐之，乃攜以歸，飼以粟，裹以布。月餘，鶴愈，遂縱之。\
    其後三年，大旱，鄉人皆飢，而其田獨有水。或曰：「此鶴之報也。」農夫笑曰：「吾豈望報者哉！」";
const VERSE: &str = "風過空庭葉自飛，小窗燈火照人歸。\n十年舊夢知何處，一夜秋聲滿客衣。";

#[test]
fn good_chinese_passes() {
    let rules = |name: &str| profile(name).unwrap().rules;
    for text in [NOVEL, NEWS, ARTICLE, OLD, VERSE] {
        assert_eq!(why(&rules("zh-web"), text), None, "{text}");
    }
    for (name, text) in
        [("zh-book", NOVEL), ("zh-book", NEWS), ("zh-wiki", ARTICLE), ("zh-classical", OLD), ("zh-classical", VERSE)]
    {
        assert_eq!(why(&rules(name), text), None, "{name}: {text}");
    }
    assert_eq!(why(&rules("zh-classical"), NOVEL).as_deref(), Some("modern_ratio_max"));
    assert_eq!(why(&rules("chinesewebtext"), OLD).as_deref(), Some("chars_min"));
}

/// Text about what others sell, and Cantonese, whose own characters are rare elsewhere.
#[test]
fn text_about_what_others_sell_passes() {
    let rules = profile("zh-web").unwrap().rules;
    for text in [
        "公安机关通报，该团伙在境外租用服务器，搭建网络赌博平台，以百家乐、时时彩等方式招揽赌客，涉案金额达四亿元。\
         法院认为，被告人以营利为目的开设赌场，情节严重，判处有期徒刑六年，并处罚金。警方提醒，切勿相信稳赚不赔的谎言。",
        "近期有一种骗局盯上了大学生。骗子在群里发刷单兼职的广告，先让受害人做一两单小额的，本金和佣金当场返还，等受害人\
         放松警惕，就以操作失误为由拒绝返款。民警提醒，凡是要求先垫资的刷单都是诈骗，请保留转账凭证，立即报警。",
        "琴日喺街市見到個阿婆賣菜，佢話啲菜係自己種嘅，冇落農藥，五蚊一斤。我買咗兩斤菜心，佢仲送咗幾條葱畀我。\
         我問佢點解咁平，佢笑笑口話：「種得多，食唔晒，賣畀街坊當交個朋友啫。」",
        "闺蜜来我家住了三天，我们说了许多话。她离婚以后去了南方，先在厂里做工，后来学会了裁剪，自己开了一间小店，冬天生意\
         好些，夏天就关了门回老家帮母亲收麦子。她说日子不算富裕，可是心里踏实，不用再看谁的脸色。",
        "参观须知：本馆免费开放，实行预约参观，您可以通过官方网站提前七天预约。开放时间为上午九点至下午五点，周一闭馆。\
         馆内提供免费讲解，每天三场，请在大厅服务台领取耳机。请勿使用闪光灯，请勿触摸展品。",
    ] {
        assert_eq!(why(&rules, text), None, "{text}");
    }
}

/// Sentences that sell, of words that no list of a trade has; and words in a random order.
#[test]
fn whoever_speaks_to_a_buyer_goes() {
    let rules = profile("zh-web").unwrap().rules;
    for (reason, text) in [
        (
            "sales_ratio_max",
            "零经验也能当老板，总部全程扶持，三个月回本不是梦。前二十名签约客户减免品牌费，再送价值八千元的设备一套。\
             一城一店，晚一步就被别人抢走了！想创业的朋友请在下方留言，招商顾问会尽快与您联系。",
        ),
        (
            "disorder_max",
            "的在昨天他很一把，了书桌子上们放。我和想是去不他到，的北京把看长城时候。这个有人的很不，了是吗喜欢个吃\
             在里家。就们都的走我了路，也上雨下在把。会着得她的和没，是了书那本看完还。",
        ),
        (
            "disorder_max",
            "部队胡须推行城市年轻化枣肉，刺史应用之心经验控制；连累语言农作物扬子疏远影响力。长生不老工业无德司机，东方太康淡水\
             修正颖川黑暗，领域鉴别盗贼激怒考察礼貌。编辑泥泞撕碎稀饭中央电视台雄才伟略，惊慌失措轻工业维持对待灭亡。",
        ),
        (
            "visitor_ratio_max",
            "您的会话因长时间未操作而失效，请重新输入帐号和口令。看不清？刷新后再试，或者联系管理员。",
        ),
        (
            "reach_ratio_max",
            "瑜伽私教、产后修复，三十天练出马甲线，大连的门店开了，前六十九名半价，来的人打18912345678。",
        ),
        (
            "pitches_max",
            "这座桥建于清代，长三十余米，两端各有一亭，桥上刻着捐资人的姓名。河水从山里来，春天涨到桥脚，孩子们在桥上钓鱼。\
             一个月瘦了二十斤，有效果，想要食谱的姐妹加她 abc1234 备注减脂。桥的东边是一座小学，校舍是七十年代盖的，院子里\
             有一棵老槐树，树下放着石桌。夏天的傍晚，老人们坐在那里下棋，说着村里的旧事，一直说到天黑才各自回家去吃饭。",
        ),
        // One offer without a number between paragraphs; one that is told as what somebody lived; keys; titles of many things.
        (
            "densest_offer_max",
            "这座桥建于清代，长三十余米，两端各有一亭，桥上刻着捐资人的姓名。河水从山里来，春天涨到桥脚，孩子们在桥上钓鱼。桥\
             的西边原来有一座水磨，村里人秋天在那里磨米磨面，磨坊的老人会讲许多旧事，讲到山里的狼和雪夜里赶路的货郎，孩子们听\
             得忘了回家。后来通了电，水磨停了，老人也搬到镇上去住，只剩下石头的磨盘半埋在草里。\n公众号涨粉，量大可谈，自助\
             下单。\n桥的东边是一座小学，校舍是七十年代盖的，院子里有一棵老槐树，树下放着石桌。夏天的傍晚，老人们坐在那里下\
             棋，说着村里的旧事，一直说到天黑才各自回家去吃饭。",
        ),
        (
            "densest_offer_max",
            "生完孩子胖了三十斤，试过好多办法都没用，后来闺蜜推荐我喝这个，抱着试试看的心态买了一盒，没想到真的瘦了，现在全家\
             都在喝。同事都说我年轻了，姐妹们可以私信我，报我的名字就行。",
        ),
        (
            "mash_ratio_max",
            "asdkjhqw啊lzkxcv的撒v0f9q4哈斯bnmrtw\nqwrtpsd阿萨德k2j4h1lkj啊zxc\
             vbnm\n的撒fghjkl9s8d7f哈斯mnbvcxz啊p0o9i8u7\n啊hgfdsrtw的撒x1c2v\
             3b4",
        ),
        (
            "disorder_max",
            "央行下调存款准备金率 影响几何（03-12）\n1. 男子醉酒翻墙被困在屋顶 消防员半夜救援\n2. 世界杯预选\
             赛名单公布 老将回归\n3. 新款手机开售 门店排起长队\n4. 高考志愿填报五大误区\n5. 台风逼近沿海 多\
             趟列车停运\n6. 影后新片杀青 导演首谈结局\n7. 黄金价格创新高 大妈在抢购\n小区电梯坠落 物业称将赔偿\
             （03-08）\n网游新资料片上线 玩家热议（03-07）\n博士返乡养猪 年收百万不是梦（03-07）\n地铁\
             新线试运行 票价公布（03-06）\n动物园熊猫产下双胞胎（03-06）",
        ),
        (
            "stray_signs_max",
            "汉朝是中国第一个在文治武功与国|\n际声望上达到极`为辉煌的时代也是\n中国历史分野上被视为上古时期转~\n折到中古时期的第l一个朝代，具有\n\
             承先启后的重要^关键的地位，由于\n中间历经王莽篡汉的短暂|中断过程。",
        ),
    ] {
        assert_eq!(why(&rules, text).as_deref(), Some(reason), "{text}");
    }
}

#[test]
fn bad_chinese_goes() {
    let rules = profile("zh-web").unwrap().rules;
    let keywords: String =
        ["厂家", "价格", "批发", "哪家好", "图片", "电话"].iter().map(|w| format!("苏州净水器{w}，")).collect();
    let latin: String = NEWS.bytes().map(char::from).collect();
    let mut characters: Vec<char> = NOVEL.chars().chain(NEWS.chars()).collect();
    // In an order that depends on nothing but the characters' places.
    let key = |at: usize| (at as u64 + 7).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let mut order: Vec<usize> = (0..characters.len()).collect();
    order.sort_by_key(|at| key(*at));
    characters = order.iter().map(|at| characters[*at]).collect();
    for (reason, text) in [
        ("spam_terms", "全场包邮，假一赔十，欢迎选购！加微信领取优惠，厂家直销，量大从优，欢迎来电咨询。本公司专业生产，客户至上。".to_owned()),
        ("gambling_ratio", "北京赛车PK10开奖结果，时时彩计划群，真人娱乐注册送彩金，百家乐、老虎机、龙虎斗应有尽有，欢迎下载。".to_owned()),
        ("keyword_clauses", keywords.repeat(4)),
        ("", encoding_rs::GBK.decode(NEWS.as_bytes()).0.into_owned()),
        ("", latin),
        ("", String::from_utf8_lossy(&encoding_rs::GBK.encode(NEWS).0).into_owned()),
        ("known_pairs", characters.iter().collect()),
        ("", "首页\n新闻\n财经\n体育\n娱乐\n汽车\n房产\n关于本站\n网站导航\n旅游频道\n美食天地\n健康养生\n".repeat(3)),
        ("", "顶 沙发 路过 赞 哈哈哈哈哈 好帖 ".repeat(20)),
        ("", "他想起昨天收到的那封信，信里说，儿子要在腊月里回来。".repeat(30)),
        ("boilerplate_ratio", "未经授权不得转载，侵权必究。转载请注明出处，版权所有。责任编辑：某某。上一篇：没有了。下一篇：没有了。点击返回首页。".to_owned()),
    ] {
        let failed = why(&rules, &text).unwrap_or_else(|| panic!("passes: {text}"));
        assert!(failed.starts_with(reason), "{failed}, not {reason}: {text}");
    }
}

#[test]
fn every_profile_can_be_asked() {
    for (name, text) in ALL {
        let profile = profile(name).unwrap();
        assert!(!profile.about.is_empty() && profile.source.len() > 60 && !profile.rules.is_empty(), "{name}");
        profile.rules.iter().for_each(|rule| rule.check().and_then(|()| rule.check_signals()).unwrap());
        assert!(page().contains(text.trim()));
        make(json!({"profile": name})).unwrap();
    }
}

#[test]
fn any_stage_may_measure_what_a_rule_looks_at() {
    let rules = [("misread", json!({"max": 3})), ("language", json!({"in": ["zh"]})), ("kanbun", json!({"max": 1}))];
    let known = rules.map(|(signal, limits)| {
        let rule: Clause = serde_json::from_value(json!({signal: limits})).unwrap();
        rule.check_signals().is_ok()
    });
    assert_eq!(known, [true, true, false]);
}

#[test]
fn rules_are_written_out_and_read_again() {
    let given = json!({"profile": "zh-web", "without": ["link_ratio"], "rules": [{"not": {"chars": {"max": 9}}}]});
    let (_, resolved) = make(given).unwrap();
    let rules = resolved["rules"].as_array().unwrap();
    assert_eq!(rules.len(), profile("zh-web").unwrap().rules.len());
    assert!(!rules.iter().any(|rule| rule.get("link_ratio").is_some()));
    assert!(resolved.get("profile").is_none());
    let (stage, again) = make(resolved.clone()).unwrap();
    assert_eq!(again, resolved);
    assert!(stage.reads().unwrap().contains(&Reads::Signal("chars".into())));
    let spam: Vec<_> = stage.rules().iter().filter_map(|rule| rule.limits.get("spam_ratio")?.max).collect();
    assert_eq!(spam, [0.1]);
}

#[test]
fn what_cannot_be_asked_is_said() {
    for (options, said) in [
        (json!({}), "no rules"),
        (json!({"profile": "zh-wev"}), "did you mean `zh-web`?"),
        (json!({"rules": [{"units": {}}]}), "no limits"),
        (json!({"rules": [{"any": []}]}), "names a signal"),
        (json!({"rules": [{"words": {"min": 1}}]}), "is a list"),
        (json!({"profile": "gopher", "without": ["chars"]}), "begins with `chars`"),
        (json!({"without": ["chars"], "rules": [{"units": {"min": 1}}]}), "give `profile`"),
    ] {
        let error = make(options).err().unwrap();
        assert!(error.contains(said), "{error}");
    }
}

/// A misspelt name is one mistake: that no rules are left without it is none.
#[test]
fn a_profile_that_is_not_there_is_one_problem() {
    let recipe =
        "name='b'\n[[source]]\nname='s'\npath='a.jsonl'\nuse='pretrain'\n[[stage]]\nrun='profile'\nprofile='zh-wob'\n";
    let problems = crate::recipe::read::check(recipe, "r.toml".as_ref(), ".".as_ref(), &[]).unwrap_err().render(false);
    assert!(problems.contains("did you mean `zh-web`?"), "{problems}");
    assert_eq!(problems.matches("error").count(), 1, "{problems}");
}
