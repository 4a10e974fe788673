from simulators import city, scenario

URLS = {
    "webhook_base": "http://127.0.0.1:9100",
    "rtsp_url": "rtsp://127.0.0.1:8554/K0001-1",
    "clip_path": "/tmp/clip.mp4",  # noqa: S108  (a name, never opened)
}


def test_the_same_seed_grows_the_same_city() -> None:
    assert city.generate(scenario.shipped()) == city.generate(scenario.shipped())


def test_the_shipped_city_has_what_it_promises() -> None:
    grown = city.generate(scenario.shipped(), **URLS)
    sizes = [len(each) for each in (grown.firms, grown.stations, grown.kitchens)]
    assert sizes == [12, 8, 6]
    assert len(grown.lifts) == 501  # the trial lift beside the 500
    assert sum(1 for gateway in grown.gateways if gateway.lift_ids) == 101
    assert grown.firms[2].name == "示例电梯维保 3 公司"
    assert grown.firms[0].webhook_url == "http://127.0.0.1:9100/orders/firm/F001"
    assert [c.id for c in grown.cameras][:3] == ["K0001-1", "K0001-2", "K0002-2"]


def test_codes_have_their_shape_and_are_unique() -> None:
    lifts = city.generate(scenario.shipped()).lifts
    assert len({lift.rescue_code for lift in lifts}) == len(lifts)
    assert len({lift.registration_code for lift in lifts}) == len(lifts)
    for lift in lifts:
        assert len(lift.rescue_code) == 6
        assert lift.rescue_code.isdigit()
        assert len(lift.registration_code) == 20
        assert lift.registration_code[4:10] == lift.district
        assert lift.min_floor < lift.max_floor


def test_a_trial_gateway_speaks_for_the_lift_of_the_readme() -> None:
    grown = city.generate(scenario.shipped())
    trial = next(gateway for gateway in grown.gateways if gateway.id == "G9001")
    names = {lift.id: lift for lift in grown.lifts}
    assert [names[n].rescue_code for n in trial.lift_ids] == ["235274"]


def test_every_simulated_lift_has_exactly_one_gateway() -> None:
    grown = city.generate(scenario.shipped())
    spoken_for = [n for gateway in grown.gateways for n in gateway.lift_ids]
    assert sorted(spoken_for) == [lift.id for lift in grown.lifts]


def test_a_camera_without_a_source_is_left_out() -> None:
    assert city.generate(scenario.shipped()).cameras == ()
