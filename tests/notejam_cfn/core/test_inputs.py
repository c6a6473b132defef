"""What components are given is checked at the call: the error names the argument, what was got and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from troposphere import Parameter, Ref, Tags, sns

import notejam_cfn as nj

SHELL = "command must be a list such as ['serve', '--port', '80'], got 'serve --port 80'"


def new(name: str = "shop") -> nj.Template:
    return nj.Template(name, tags={"project": name}, architecture="A test.")


def network(**changed: Any) -> nj.Network:
    ids = {f"{kind}_subnet_ids": (f"{kind}-1", f"{kind}-2") for kind in ("public", "private", "isolated")}
    return nj.Network(**{"vpc_id": "vpc-1", **ids, **changed})


def key() -> nj.Encryption:
    return nj.Encryption("arn:key")


def subnets() -> Parameter:
    return Parameter("Subnets", Type="List<AWS::EC2::Subnet::Id>")


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "a text where a list belongs": (lambda: nj.TaskOptions(command="serve --port 80"), SHELL),
    "a number in a list of text": (
        lambda: nj.TaskOptions(command=["serve", 80]),  # type: ignore[list-item]
        "command[1] must be text, got 80",
    ),
    "a name in environment and secrets": (
        lambda: nj.TaskOptions(environment={"KEY": "a"}, secrets={"KEY": nj.parameter("/key")}),
        "secrets must not name what environment names too, got KEY in both",
    ),
    "a resource in place of its reference": (
        lambda: nj.TaskOptions(environment={"TOPIC": sns.Topic("Orders")}),  # type: ignore[dict-item]
        "environment['TOPIC'] must be text or an intrinsic function such as .ref(), "
        "got the Topic Orders itself, not its .ref() or .get_att(…)",
    ),
    "a list in place of a dictionary": (
        lambda: nj.TaskOptions(environment=["A=1"]),  # type: ignore[arg-type]
        'environment must be a dictionary such as {"NAME": "value"}, got [\'A=1\']',
    ),
    "a parameter of a list type where ids are iterated": (
        lambda: network(private_subnet_ids=subnets().ref()),
        "private_subnet_ids must be a list whose length is known here, got {'Ref': 'Subnets'}; "
        "of a parameter of type List, take elements(parameter, 3)",
    ),
    "elements of no list": (
        lambda: nj.elements(Parameter("Subnet", Type="String"), 2),
        "parameter must be a parameter of a list type, got the Parameter Subnet itself, not its .ref() or .get_att(…)",
    ),
    "inputs in another order": (
        lambda: nj.add_database(new(), network(), nj.DatabaseSettings(), key()),  # type: ignore[arg-type]
        "settings must be a DatabaseSettings, got a Network",
    ),
    "a database without isolated subnets": (
        lambda: nj.add_database(new(), nj.DatabaseSettings(), network(isolated_subnet_ids=()), key()),
        "network.isolated_subnet_ids must be subnets of two zones at the least, for the database, got 0",
    ),
    "a public load balancer without public subnets": (
        lambda: nj.add_load_balancer(new(), nj.LoadBalancerSettings(), network(public_subnet_ids=("a",)), key()),
        "network.public_subnet_ids must be subnets of two zones at the least, for the load balancer, got 1",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_a_sentence_at_the_call(mistake: str) -> None:
    call, sentence = MISTAKES[mistake]
    with pytest.raises(nj.InvalidInput) as error:
        call()
    assert str(error.value) == sentence


def test_numbers_and_flags_of_the_environment_become_text() -> None:
    assert nj.TaskOptions(environment={"PORT": 80, "DEBUG": True}).environment == {"PORT": "80", "DEBUG": "true"}  # type: ignore[dict-item]


def test_a_list_of_ids_is_as_good_as_a_tuple() -> None:
    assert network(private_subnet_ids=["a", "b"]).private_subnet_ids == ("a", "b")


def test_a_parameter_of_a_list_type_gives_as_many_subnets_as_are_said() -> None:
    assert [one.to_dict() for one in nj.elements(subnets(), 2)] == [  # type: ignore[union-attr]
        {"Fn::Select": [0, {"Ref": "Subnets"}]},
        {"Fn::Select": [1, {"Ref": "Subnets"}]},
    ]


def test_what_another_template_made_is_refused_by_a_component() -> None:
    base, shop = new("base"), new()
    encryption = nj.add_encryption(base, nj.EncryptionSettings())
    with pytest.raises(nj.InvalidInput, match=r"^encryption was made in another template \(base\).*publish") as error:
        nj.add_cluster(shop, nj.ClusterSettings(), encryption)
    assert error.value.field == "encryption"


def test_what_another_template_made_is_refused_in_a_resource_though_the_names_are_the_same() -> None:
    base, shop = new("base"), new()
    encryption = nj.add_encryption(base, nj.EncryptionSettings())
    nj.add_encryption(shop, nj.EncryptionSettings())
    with pytest.raises(nj.InvalidInput, match=r"^Orders was made in another template"):
        shop.add(sns.Topic("Orders", KmsMasterKeyId=encryption.key_arn), why="Tells of orders.")


def test_a_reference_to_nothing_is_found_when_the_template_is_rendered() -> None:
    shop = new()
    shop.add(sns.Topic("Orders", KmsMasterKeyId=Ref("Key")), why="Tells of orders.")
    with pytest.raises(nj.InvalidInput, match=r"^Orders refers to Key, which is no resource or parameter"):
        shop.to_dict()


def test_a_logical_id_is_given_once() -> None:
    shop = new()
    shop.add(sns.Topic("Orders"), why="Tells of orders.")
    with pytest.raises(nj.InvalidInput, match=r"^Orders is in this template already, as AWS::SNS::Topic"):
        shop.add(sns.Topic("Orders"), why="Tells of orders.")


def test_a_tag_is_given_once() -> None:
    with pytest.raises(nj.InvalidInput, match=r"^Orders.Tags must not name project, which the template gives"):
        new().add(sns.Topic("Orders", Tags=Tags(project="other")), why="Tells of orders.")
