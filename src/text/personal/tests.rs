use super::labelled::{Draw, miss, positives};
use super::*;

/// Of each kind: found and right, found and wrong, missed.
fn score(seed: u64, each: usize) -> Vec<(Kind, usize, usize, usize, Vec<String>)> {
    let mut draw = Draw(seed);
    let mut table: Vec<_> = Kind::ALL.iter().map(|k| (*k, 0, 0, 0, Vec::new())).collect();
    for kind in Kind::ALL {
        for (text, start, end) in positives(*kind, each, &mut draw) {
            let spans = find(&text, Kinds::ALL);
            let row = &mut table[*kind as usize];
            if spans.contains(&Span { start, end, kind: *kind }) {
                row.1 += 1;
            } else {
                row.3 += 1;
                row.4.push(format!("missed {:?} in {text:?}: {spans:?}", &text[start..end]));
            }
            for wrong in spans.iter().filter(|s| (s.start, s.end, s.kind) != (start, end, *kind)) {
                table[wrong.kind as usize].2 += 1;
                let what = format!("wrong {:?} in {text:?}", &text[wrong.start..wrong.end]);
                table[wrong.kind as usize].4.push(what);
            }
        }
    }
    for at in 0..each * Kind::ALL.len() {
        let text = miss(at, &mut draw);
        for wrong in find(&text, Kinds::ALL) {
            table[wrong.kind as usize].2 += 1;
            table[wrong.kind as usize].4.push(format!("wrong {:?} in {text:?}", &text[wrong.start..wrong.end]));
        }
    }
    table
}

#[test]
fn precision_and_recall_of_each_kind() {
    for (kind, right, wrong, missed, notes) in score(16, 200) {
        let precision = right as f64 / (right + wrong).max(1) as f64;
        let recall = right as f64 / (right + missed) as f64;
        assert!(
            precision >= 0.99 && recall >= 0.98,
            "{kind:?}: precision {precision:.4}, recall {recall:.4}\n{notes:#?}"
        );
    }
}

#[test]
fn what_is_replaced_stays_so() {
    let mut draw = Draw(7);
    let salt = Action::Hash("salt".into());
    for kind in Kind::ALL {
        for (text, start, end) in positives(*kind, 60, &mut draw) {
            for action in [Action::Mask, salt.clone(), Action::Drop] {
                let (once, spans) = replace(&text, Kinds::ALL, &action);
                assert!(!spans.is_empty() && !once.contains(&text[start..end]), "{text:?} -> {once:?}");
                let (twice, left) = replace(&once, Kinds::ALL, &action);
                assert!(left.is_empty() && twice == once, "{once:?} -> {twice:?}");
            }
        }
    }
}

#[test]
fn hashes_are_of_the_value() {
    let salted = |text: &str, salt: &str| replace(text, Kinds::ALL, &Action::Hash(salt.into())).0.into_owned();
    let forms = [
        "电话13812345678。",
        "电话138 1234 5678。",
        "电话138-1234-5678。",
        "电话１３８１２３４５６７８。",
        "电话+86 13812345678。",
    ];
    let one = salted(forms[0], "a");
    assert!(one.starts_with("电话[MOBILE#") && one.ends_with("]。") && !one.contains("138"));
    forms.iter().for_each(|form| assert_eq!(salted(form, "a"), one, "{form}"));
    assert_ne!(salted(forms[0], "b"), one);
    assert_ne!(salted("电话13812345679。", "a"), one);
}

#[test]
fn only_the_kinds_asked_for() {
    let text = "邮箱a@example.org，电话13812345678";
    let found = |kinds| find(text, kinds).iter().map(|s| s.kind).collect::<Vec<_>>();
    assert_eq!(found(Kinds::ALL), [Kind::Email, Kind::Mobile]);
    assert_eq!(found(Kinds::of(&[Kind::Mobile])), [Kind::Mobile]);
    assert_eq!(replace(text, Kinds::of(&[Kind::Email]), &Action::Drop).0, "邮箱，电话13812345678");
    assert_eq!(Kind::ALL.len(), 14);
    assert!(Kind::ALL.iter().all(|k| k.mask() == format!("[{}]", k.name().to_uppercase())));
}

#[test]
fn spans_lie_on_characters_whatever_the_text() {
    let mut draw = Draw(9);
    let pieces: Vec<char> =
        "0123456789138@.-:/()[]（）＠．：－０１９Ａｚ \n年号路市京沪微信QQ电话aEGx+_%=#�𠀀é\u{3000}\u{A0}"
            .chars()
            .collect();
    for _ in 0..40_000 {
        let n = draw.below(40);
        let text: String = (0..n).map(|_| pieces[draw.below(pieces.len())]).collect();
        let spans = find(&text, Kinds::ALL);
        let ordered = spans.windows(2).all(|w| w[0].end <= w[1].start);
        let bounded =
            spans.iter().all(|s| s.start < s.end && text.is_char_boundary(s.start) && text.is_char_boundary(s.end));
        assert!(ordered && bounded, "{text:?}: {spans:?}");
        let once = replace(&text, Kinds::ALL, &Action::Mask).0.into_owned();
        assert!(find(&once, Kinds::ALL).is_empty(), "{text:?} -> {once:?}: {:?}", find(&once, Kinds::ALL));
    }
}

#[test]
fn han_and_its_punctuation_are_nobody() {
    let blocks = [
        (0x2E80, 0x303F),
        (0x3400, 0x9FFF),
        (0xF900, 0xFAFF),
        (0xFE30, 0xFE4F),
        (0xFF01, 0xFF0F),
        (0xFF1A, 0xFF20),
        (0x2_0000, 0x3_23AF),
    ];
    let text: String = blocks.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32).collect();
    assert!(
        matches!(replace(&text, Kinds::ALL, &Action::Mask), (std::borrow::Cow::Borrowed(_), spans) if spans.is_empty())
    );
}

#[test]
fn forms_that_people_write() {
    let masked = |text: &str| replace(text, Kinds::ALL, &Action::Mask).0.into_owned();
    for (text, mask) in [
        ("登录IP114.202.47.48:8080，请查", "登录IP[IP]:8080，请查"),
        ("来自ipv6 2409:853e:df3::90的请求，IP2409:853e:df3::90", "来自ipv6 [IP]的请求，IP[IP]"),
        ("请打0371-29002776转672。", "请打[LANDLINE]。"),
        ("029-29430654 分机：68", "[LANDLINE]"),
        ("有事 +v gqat_1988，谢谢", "有事 +v [WECHAT]，谢谢"),
        ("请v信gtwkaqph，备注来意", "请v信[WECHAT]，备注来意"),
        ("详情卫星号：rlgr_6011，谢谢", "详情卫星号：[WECHAT]，谢谢"),
        ("+v muenicir\n", "+v [WECHAT]\n"),
        ("请微信号是anparyei，谢谢", "请微信号是[WECHAT]，谢谢"),
        ("有意微信号13460559029，谢谢", "有意微信号[WECHAT]，谢谢"),
        ("电话微信同号13460559029", "电话微信同号[MOBILE]"),
        ("手机/微信：13460559029", "手机/微信：[MOBILE]"),
        ("名单\n17343099169\n18618667143\n", "名单\n[MOBILE]\n[MOBILE]\n"),
        ("法定代表人110105198411173758持股百分之六十", "法定代表人[ID_NUMBER]持股百分之六十"),
        ("开户行建行，账号6226090039606369户名略", "开户行建行，账号[BANK_CARD]户名略"),
        ("开户行建行，账号6221 5576 5536 8866 590户名略", "开户行建行，账号[BANK_CARD]户名略"),
        ("请填写护照编号D52561489及国籍", "请填写护照编号[PASSPORT]及国籍"),
        ("Q Q：5376060\n", "Q Q：[QQ]\n"),
        ("A record -> 123.173.39.223\n", "A record -> [IP]\n"),
        ("<td>19066428274</td>", "<td>[MOBILE]</td>"),
        ("| 总机 | 073170981188 |", "| 总机 | [LANDLINE] |"),
        ("Hotel reception: 037167700930.", "Hotel reception: [LANDLINE]."),
        ("Beijing office, (022) 8764-5441.", "Beijing office, [LANDLINE]."),
        ("Tel: 028-5331-2683; London 020 7946 0958", "Tel: [LANDLINE]; London [PHONE]"),
        ("Tel: (0769) 589-5968; Belfast 028 9032 1234", "Tel: [LANDLINE]; Belfast [PHONE]"),
        ("住所地万寿路658号国贸中心A座23层2402室统一代码略", "住所地[ADDRESS]统一代码略"),
        (
            "AccountKey=rl4oFH/hMaBshwpI4mtAkqEZL+jGCvs+lpEYgzDhbetC4Skfoy7zne6XVCv8MdKwM4JWq7hm71RZL6wKImpvQD==\n",
            "AccountKey=[SECRET]\n",
        ),
    ] {
        assert_eq!(masked(text), mask, "{text}");
    }
    for text in ["hotline 800-810-0011", "<id>19066428274</id>", "图表110105198411173759", "见附表6226090039606369户"]
    {
        assert_eq!(masked(text), text);
    }
    for text in ["14443099169\n", "订单17343099169 done", "zip114.2.3.4.x", "0371-29002776转发给他"] {
        let once = masked(text);
        assert!(!once.contains("[MOBILE]") && !once.contains("[IP]") && !once.contains("转发给他]"), "{once}");
    }
}

#[test]
fn places_and_operators_are_nobody() {
    let kinds = |text: &str| find(text, Kinds::ALL).iter().map(|s| s.kind).collect::<Vec<_>>();
    for text in [
        "纪念馆位于中山市翠亨路35号，每年有许多人来参观。",
        "年底，同盟会在宝昌路408号行馆召开会议（今淮海中路650弄）。",
        "result = X @ self.kernel + self.bias",
        "节录自第 13 卷，281–305 (2012) 页",
        "項目 [wechat-rs-sdk] 已經更新",
        "見 節 19.2.41.4 的說明",
        "用微信Android版登录，再打开微信payment页面",
        "tar +v archive 和 set +v verbose",
        "加V：Android 手机和芯片kernel驱动",
    ] {
        assert_eq!(kinds(text), [], "{text}");
    }
    for text in [
        "他住在友谊路150号。",
        "收货地址：文三路478号",
        "来到友谊路150号的家里",
        "友谊路150号3幢2单元501室",
        "他在北京市海淀区友谊路150号上班",
    ] {
        assert_eq!(kinds(text), [Kind::Address], "{text}");
    }
    assert_eq!(kinds("写信给 li_na @ example.com 即可"), [Kind::Email]);
}
