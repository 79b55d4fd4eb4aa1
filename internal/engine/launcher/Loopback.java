import java.lang.reflect.Field;
import java.util.jar.JarFile;

/**
 * Starts DynamoDB Local on 127.0.0.1 only. Its own main class knows no host
 * and listens on every interface of the machine.
 *
 * <p>The first argument is DynamoDBLocal.jar, which is also on the class path;
 * the others are its own. Everything goes by name, so that no jar is needed to
 * compile this and the package names of older releases are found too.
 */
public class Loopback {
    public static void main(String[] args) throws Exception {
        String mainClass;
        try (JarFile jar = new JarFile(args[0])) {
            mainClass = jar.getManifest().getMainAttributes().getValue("Main-Class");
        }
        String[] own = java.util.Arrays.copyOfRange(args, 1, args.length);
        Object proxy = Class.forName(mainClass)
                .getMethod("createServerFromCommandLineArgs", String[].class)
                .invoke(null, (Object) own);

        // The proxy keeps its Jetty server private. A release that renames the
        // field fails here, before anything listens.
        Field field = proxy.getClass().getDeclaredField("server");
        field.setAccessible(true);
        Object jetty = field.get(proxy);
        Object[] connectors = (Object[]) jetty.getClass().getMethod("getConnectors").invoke(jetty);
        for (Object connector : connectors) {
            connector.getClass().getMethod("setHost", String.class).invoke(connector, "127.0.0.1");
        }
        proxy.getClass().getMethod("start").invoke(proxy);
    }
}
