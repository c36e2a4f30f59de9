"""Mail: subject, text and HTML, by the mail server of EMAIL_URL."""

from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.channels.channel import Channel, DeliveryError
from notifications.message_texts import MessageTexts
from notifications.models import NotificationLog


class EmailChannel(Channel):
    name, noun = "email", "mail"
    # Without EMAIL_URL mails go to the console or to MAIL_DIR, so there is always somewhere to send to.
    in_use = True

    def address(self, *, email: str, phone: str) -> str:
        return email

    def send(self, message: NotificationLog) -> None:
        try:
            write_mail(message).send()
        except (SMTPException, OSError) as error:
            # Never permanent: servers answer 5xx to good mails too, while they are set up or think it is spam.
            raise DeliveryError(str(error)) from error


EMAIL = EmailChannel()


def write_mail(message: NotificationLog) -> EmailMultiAlternatives:
    """Return the mail, ready to send."""
    texts = MessageTexts(message)
    mail = EmailMultiAlternatives(
        subject=texts.one_line("subject.txt"),
        body=texts.render("txt"),
        to=[message.recipient],
        # The same at every try: a mail that went out just before its worker died arrives twice, and mail programs
        # may show the two as one.
        headers={"Message-ID": f"<{message.id}@{settings.BASE_DOMAIN}>"},
    )
    mail.attach_alternative(texts.render("html"), "text/html")
    return mail
