import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Reads lines "Name version hex" and has Apache Kafka's own generated class read the bytes and write them again.
 * Answers each with "remaining-bytes hex json", or with "!" and what went wrong.
 *
 * java -cp 'kafka/libs/*' Reread.java < lines
 */
public class Reread {
    private static final String[] PLACES = {
        "org.apache.kafka.common.message.%sData",
        "org.apache.kafka.common.message.%s",
        "org.apache.kafka.common.metadata.%s",
        "org.apache.kafka.coordinator.group.generated.%s",
        "org.apache.kafka.coordinator.transaction.generated.%s",
        "org.apache.kafka.coordinator.share.generated.%s",
        "org.apache.kafka.raft.generated.%s",
        "org.apache.kafka.server.log.remote.metadata.storage.generated.%s",
    };

    private static Class<?> find(String name) throws ClassNotFoundException {
        for (String place : PLACES) {
            try {
                return Class.forName(String.format(place, name));
            } catch (ClassNotFoundException elsewhere) {
                continue;
            }
        }
        throw new ClassNotFoundException(name);
    }

    private static String json(Class<?> type, Message message, short version) throws Exception {
        for (Method method : Class.forName(type.getName() + "JsonConverter").getMethods()) {
            if (method.getName().equals("write") && method.getParameterCount() == 2) {
                return method.invoke(null, message, version).toString();
            }
        }
        throw new NoSuchMethodException("write");
    }

    private static String answer(String line) throws Exception {
        String[] words = line.split(" ", -1);
        short version = Short.parseShort(words[1]);
        Class<?> type = find(words[0]);
        Message message = (Message) type.getDeclaredConstructor().newInstance();
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(words[2]));
        message.read(new ByteBufferAccessor(bytes), version);
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(out), cache, version);
        return bytes.remaining() + " " + HexFormat.of().formatHex(out.array()) + " " + json(type, message, version);
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        StringBuilder answers = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                answers.append(answer(line));
            } catch (Throwable wrong) {
                Throwable cause = wrong;
                while (cause.getCause() != null) {
                    cause = cause.getCause();
                }
                answers.append("! ").append(cause.toString().replace('\n', ' '));
            }
            answers.append('\n');
        }
        System.out.write(answers.toString().getBytes("UTF-8"));
        System.out.flush();
    }
}
