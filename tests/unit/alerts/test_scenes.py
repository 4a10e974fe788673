"""Scenes of buildings and cities against their labels, through the lane and the hand-off."""

from collections.abc import Callable, Mapping

import pytest

from tests.support.scenes import SCENES, Scene, Told, play


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Told]:
    """What each scene left on the list."""
    return {scene.name: play(scene, tmp_path_factory.mktemp("scene")) for scene in SCENES}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_leaves_on_the_list_what_its_label_says(
    scene: Scene, played: Mapping[str, Told]
) -> None:
    assert played[scene.name] == scene.told


def test_precision_and_recall_over_all_scenes(
    record_property: Callable[[str, object], None], played: Mapping[str, Told]
) -> None:
    right = sum(len(played[scene.name] & scene.told) for scene in SCENES)
    wrong = sum(len(played[scene.name] - scene.told) for scene in SCENES)
    missed = sum(len(scene.told - played[scene.name]) for scene in SCENES)
    precision, recall = right / (right + wrong), right / (right + missed)
    record_property("precision", precision)
    record_property("recall", recall)
    assert (precision, recall) == (1.0, 1.0)
