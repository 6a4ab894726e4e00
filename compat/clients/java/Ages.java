import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;

import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * What differs between kafka-clients 1.1 and 4.3, by reflection, so that the stories are one source for all of them.
 * A story that needs what a version does not have is skipped by the call that fails to find it.
 */
final class Ages {
    static final String VERSION = System.getenv().getOrDefault("COMPAT_VERSION", "4.3.1");

    static boolean isAtLeast(int major, int minor) {
        String[] parts = VERSION.split("\\.");
        int here = Integer.parseInt(parts[0]) * 1000 + Integer.parseInt(parts[1]);
        return here >= major * 1000 + minor;
    }

    static void need(int major, int minor, String what) {
        if (!isAtLeast(major, minor))
            throw new Tap.Skip("kafka-clients " + VERSION + " has no " + what);
    }

    @SuppressWarnings("unchecked")
    static <K, V> ConsumerRecords<K, V> poll(Consumer<K, V> consumer, long ms) {
        return isAtLeast(2, 0)
            ? (ConsumerRecords<K, V>) call(consumer, "poll", Duration.ofMillis(ms))
            : (ConsumerRecords<K, V>) call(consumer, "poll", ms);
    }

    static void closeNow(Consumer<?, ?> consumer) {
        if (isAtLeast(2, 0))
            call(consumer, "close", Duration.ZERO);
        else
            consumer.close();
    }

    @SuppressWarnings("unchecked")
    static OffsetAndMetadata committed(Consumer<?, ?> consumer, TopicPartition partition) {
        if (!isAtLeast(2, 4))
            return (OffsetAndMetadata) call(consumer, "committed", partition);
        return ((Map<TopicPartition, OffsetAndMetadata>) call(consumer, "committed", Collections.singleton(partition)))
            .get(partition);
    }

    static TopicDescription describe(AdminClient admin, String topic) throws Exception {
        Object result = admin.describeTopics(Collections.singletonList(topic));
        return ((Map<?, KafkaFuture<TopicDescription>>) call(result, isAtLeast(3, 1) ? "topicNameValues" : "values"))
            .get(topic).get();
    }

    /** The public method of this name that takes these arguments; what it throws comes through as it is. */
    static Object call(Object target, String name, Object... arguments) {
        Method method = find(target.getClass(), name, arguments);
        try {
            method.setAccessible(true);
            return method.invoke(target, arguments);
        } catch (InvocationTargetException wrapped) {
            throw Ages.<RuntimeException>asIs(wrapped.getCause());
        } catch (IllegalAccessException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static Method find(Class<?> type, String name, Object[] arguments) {
        for (Method method : type.getMethods())
            if (method.getName().equals(name) && !method.isBridge() && takes(method.getParameterTypes(), arguments))
                return method;
        throw new Tap.Skip("kafka-clients " + VERSION + " has no " + type.getSimpleName() + "." + name);
    }

    private static boolean takes(Class<?>[] parameters, Object[] arguments) {
        if (parameters.length != arguments.length)
            return false;
        for (int i = 0; i < parameters.length; i++)
            if (!(parameters[i].isInstance(arguments[i]) || parameters[i] == long.class && arguments[i] instanceof Long))
                return false;
        return true;
    }

    static Class<?> type(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException absent) {
            throw new Tap.Skip("kafka-clients " + VERSION + " has no " + name);
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E asIs(Throwable cause) throws E {
        throw (E) cause;
    }
}
