from django.apps import AppConfig
from django.core.checks import Tags, register

from leadsite import checks
from leadsite.languages.names import translate_names


class LeadsiteConfig(AppConfig):
    name = "leadsite"

    def ready(self) -> None:
        translate_names()
        register(checks.check_encryption_keys)
        register(checks.check_second_factor)
        register(checks.check_mail)
        register(checks.check_deployed_encryption_keys, Tags.security, deploy=True)
        register(checks.check_deployed_webhook, Tags.security, deploy=True)
        register(checks.check_deployed_database, Tags.security, deploy=True)
        register(checks.check_application_role, Tags.database, deploy=True)
        register(checks.check_replica, Tags.database)
        register(checks.check_deployed_secrets, Tags.security, deploy=True)
        register(checks.check_deployed_https, Tags.security, deploy=True)
        register(checks.check_deployed_site, Tags.security, deploy=True)
