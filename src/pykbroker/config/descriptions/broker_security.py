"""Words for ``config.broker_security``."""

from typing import Final

TEXT: Final = """
authorizer.class.name
    The class that decides who may do what; empty means that everybody may do everything.
connection.failed.authentication.delay.ms
    How long the answer to a failed authentication is held back.
connections.max.reauth.ms
    How long an authentication is good for; 0 means as long as the connection.
delegation.token.expiry.check.interval.ms
    How often expired delegation tokens are removed.
delegation.token.expiry.time.ms
    How long a delegation token is good for before it must be renewed.
delegation.token.max.lifetime.ms
    How long a delegation token can be renewed at most.
delegation.token.secret.key
    The secret that delegation tokens are made with, the same on all brokers.
principal.builder.class
    The class that makes a principal of what a connection has proven.
sasl.client.callback.handler.class
    A class that answers SASL's questions when this broker is the client.
sasl.enabled.mechanisms
    The SASL mechanisms that clients may use.
sasl.jaas.config
    Login module and options for SASL, in JAAS syntax.
sasl.kerberos.kinit.cmd
    Where the kinit program is.
sasl.kerberos.min.time.before.relogin
    How long a Kerberos login is left alone at least, in milliseconds.
sasl.kerberos.principal.to.local.rules
    How Kerberos principals become short names; the first rule that fits counts.
sasl.kerberos.service.name
    The Kerberos name of the service.
sasl.kerberos.ticket.renew.jitter
    By which part the time of renewal varies at random.
sasl.kerberos.ticket.renew.window.factor
    After which part of a ticket's life it is renewed.
sasl.login.callback.handler.class
    A class that answers SASL's questions when logging in.
sasl.login.class
    A class that logs in.
sasl.login.connect.timeout.ms
    How long connecting to an authentication provider may take.
sasl.login.read.timeout.ms
    How long an authentication provider's answer may take.
sasl.login.refresh.buffer.seconds
    How long before its end a credential is refreshed at the latest.
sasl.login.refresh.min.period.seconds
    How long a credential is left alone at least.
sasl.login.refresh.window.factor
    After which part of its life a credential is refreshed.
sasl.login.refresh.window.jitter
    By which part of its life the time of refreshing varies at random.
sasl.login.retry.backoff.max.ms
    How long to wait at most between tries to reach an authentication provider.
sasl.login.retry.backoff.ms
    How long to wait after the first failure to reach an authentication provider.
sasl.mechanism.controller.protocol
    The SASL mechanism used with controllers.
sasl.mechanism.inter.broker.protocol
    The SASL mechanism used between brokers.
sasl.oauthbearer.assertion.algorithm
    How assertions are signed: RS256 or ES256.
sasl.oauthbearer.assertion.claim.aud
    The audience an assertion claims.
sasl.oauthbearer.assertion.claim.exp.seconds
    How long after now an assertion claims to end.
sasl.oauthbearer.assertion.claim.iss
    The issuer an assertion claims.
sasl.oauthbearer.assertion.claim.jti.include
    Give each assertion an id of its own.
sasl.oauthbearer.assertion.claim.nbf.seconds
    How long before now an assertion claims to begin.
sasl.oauthbearer.assertion.claim.sub
    The subject an assertion claims.
sasl.oauthbearer.assertion.file
    A file that holds a ready assertion.
sasl.oauthbearer.assertion.private.key.file
    A file that holds the private key for signing assertions.
sasl.oauthbearer.assertion.private.key.passphrase
    The passphrase of that key.
sasl.oauthbearer.assertion.template.file
    A file with more headers and claims for assertions.
sasl.oauthbearer.client.credentials.client.id
    The client id that is shown to an identity provider.
sasl.oauthbearer.client.credentials.client.secret
    The secret that goes with it.
sasl.oauthbearer.clock.skew.seconds
    How far the clocks of an identity provider and this broker may differ.
sasl.oauthbearer.expected.audience
    A token must be meant for one of these.
sasl.oauthbearer.expected.issuer
    A token must come from this issuer.
sasl.oauthbearer.jwks.endpoint.refresh.ms
    How often an identity provider's keys are fetched again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms
    How long to wait at most between tries to fetch these keys.
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
    How long to wait after the first failure to fetch these keys.
sasl.oauthbearer.jwks.endpoint.url
    Where an identity provider's keys are.
sasl.oauthbearer.jwt.retriever.class
    The class that gets tokens.
sasl.oauthbearer.jwt.validator.class
    The class that checks tokens.
sasl.oauthbearer.scope
    The scope that is asked of an identity provider.
sasl.oauthbearer.scope.claim.name
    The claim that holds a token's scope.
sasl.oauthbearer.sub.claim.name
    The claim that holds a token's subject.
sasl.oauthbearer.token.endpoint.url
    Where an identity provider gives out tokens.
sasl.server.callback.handler.class
    A class that answers SASL's questions when clients authenticate.
sasl.server.max.receive.size
    The largest message a client may send before it is authenticated.
security.inter.broker.protocol
    The security protocol between brokers, unless inter.broker.listener.name says.
security.providers
    Classes that provide security algorithms.
ssl.allow.dn.changes
    Let a reloaded certificate have another name.
ssl.allow.san.changes
    Let a reloaded certificate be for other hosts.
ssl.cipher.suites
    The cipher suites that may be used; empty means those of the platform.
ssl.client.auth
    Whether clients must, may or need not show a certificate: required, requested, none.
ssl.enabled.protocols
    The versions of TLS that may be used.
ssl.endpoint.identification.algorithm
    How a server's name is compared with its certificate; empty means not at all.
ssl.engine.factory.class
    A class that makes TLS engines.
ssl.key.password
    The password of the private key.
ssl.keymanager.algorithm
    The algorithm that manages keys.
ssl.keystore.certificate.chain
    The broker's certificates, in PEM.
ssl.keystore.key
    The broker's private key, in PEM.
ssl.keystore.location
    The file with the broker's key and certificates.
ssl.keystore.password
    The password of that file.
ssl.keystore.type
    The format of that file: JKS, PKCS12 or PEM.
ssl.principal.mapping.rules
    How a certificate's name becomes a principal; the first rule that fits counts.
ssl.protocol
    The version of TLS that is wanted.
ssl.provider
    The provider of TLS.
ssl.secure.random.implementation
    The source of random numbers for TLS.
ssl.trustmanager.algorithm
    The algorithm that decides whom to trust.
ssl.truststore.certificates
    The certificates that are trusted, in PEM.
ssl.truststore.location
    The file with the certificates that are trusted.
ssl.truststore.password
    The password of that file.
ssl.truststore.type
    The format of that file: JKS, PKCS12 or PEM.
"""
